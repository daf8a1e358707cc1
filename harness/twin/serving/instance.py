"""One instance of a deployment: a container that is started, watched and started again."""

from __future__ import annotations

import http.client
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

from harness.processes import Identity, identify, signal_group
from harness.twin.serving import container
from harness.twin.serving.plan import Plan, Probe
from harness.twin.warm import Warm

_LOOK = 0.02  # seconds between looks at a container that is starting
_GRACE = 1.0  # seconds between SIGTERM and SIGKILL
_BACK_OFF = 10.0  # seconds at most before a crashed container is started again
_LIVES = 3  # tries to become ready for the first time; a port may have been taken
_SCRIPT_FAILED = 3  # exit code of azmlinfsrv when init() raised
Say = Callable[[str], None]


class Instance:
    """A container and the thread that keeps it alive. `ready` may change at any time."""

    def __init__(
        self, plan: Plan, number: int, warm: Warm, log: Path, variables: dict[str, str], say: Say
    ) -> None:
        self.log = log
        self.port = 0
        self.ready = False
        self.busy = 0  # requests it is at; kept by who sends them
        self.failure: str | None = None  # why it was given up before it ever became ready
        self.pid: int | None = None
        self._leader: Identity | None = None  # of the container's process group
        self._plan, self._warm, self._variables, self._say = plan, warm, variables, say
        self._hopeless = False  # another try would end the same way
        self._ended = threading.Event()  # somebody wants it gone
        self._settled = threading.Event()  # ready for the first time, or given up
        name = f"instance-{plan.endpoint}-{plan.name}-{number}"
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wait(self) -> bool:
        """Block until it is ready for the first time (True) or given up (False)."""
        self._settled.wait()
        return self.ready

    def stop(self) -> None:
        """End the container and its watch; returns when both are gone. Harmless when repeated."""
        self._ended.set()
        self._kill(signal.SIGTERM)
        if self._thread.ident:
            self._thread.join(_GRACE)
        self._kill(signal.SIGKILL)
        if self._thread.ident:
            self._thread.join()

    def _keep(self) -> None:
        """The thread: run the container again and again until it is given up or stopped."""
        pause, lives = 0.1, 0
        while not self._ended.is_set():
            started, lives = time.monotonic(), lives + 1
            with suppress(OSError):  # e.g. no processes left: as a crash
                self._run()
            self.ready = False
            self._kill(signal.SIGKILL)  # workers whose master crashed
            self.pid = self._leader = None
            if not self._settled.is_set() and (self._hopeless or lives == _LIVES):
                break
            if not self._ended.is_set():
                self._say("Container crashed and is started again")
            pause = 0.1 if time.monotonic() - started > _BACK_OFF else min(2 * pause, _BACK_OFF)
            self._ended.wait(pause)
        self._settled.set()

    def _run(self) -> None:
        """One life of the container."""
        self.port = _free_port()
        process = self._warm.process(
            container.run, self.port, log=self.log, env=self._variables, name=self._thread.name
        )
        self.pid, self._leader = process.pid, identify(process.pid)
        if self._ended.is_set():  # stopped while it was being made
            self._kill(signal.SIGTERM)
        if self._become_ready(process):
            self.ready = True
            self._settled.set()
            self._watch(process)
        process.join(0 if process.exitcode is not None else _GRACE)

    def _become_ready(self, process: BaseProcess) -> bool:
        """Readiness probes until enough succeed, the container dies or patience ends."""
        probe, succeeded = self._plan.readiness, 0
        deadline = time.monotonic() + probe.patience
        while time.monotonic() < deadline and not self._ended.is_set():
            if process.exitcode is not None:
                code = process.exitcode
                self.failure = f"User container has crashed or terminated (exit code {code})"
                self._hopeless = code == _SCRIPT_FAILED
                return False
            succeeded = succeeded + 1 if self._well(probe) else 0
            if succeeded >= probe.successes:
                return True
            self._ended.wait(_LOOK)
        self._hopeless = True
        self.failure = f"Readiness probe failed for {probe.patience:g} s"
        return False

    def _watch(self, process: BaseProcess) -> None:
        """Liveness probes until the container dies, fails too often or is not wanted any more."""
        probe, failed, due = self._plan.liveness, 0, time.monotonic() + self._plan.liveness.period
        while process.exitcode is None and not self._ended.is_set():
            process.join(max(0.0, due - time.monotonic()))  # returns at once when it dies
            if time.monotonic() < due:
                continue
            due = time.monotonic() + probe.period
            failed = 0 if self._well(probe) else failed + 1
            if failed >= probe.failures:
                self._say(f"Liveness probe failed {failed} times, container is restarted")
                return

    def _well(self, probe: Probe) -> bool:
        """Whether GET / is answered with 200 in time."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=probe.timeout)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _kill(self, number: signal.Signals) -> None:
        """Signal the container's whole process group, which outlives its leader."""
        signal_group(self._leader, number)


def _free_port() -> int:
    """A port nobody listens on now. Should it be taken, the container dies and gets another."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
