"""Everything a run makes only once in a process, made once: imports, schemas, caches of pytest.

A process that has run the recipe forks: each fork is `python -m pytest` from its command line on,
and finds in memory what a fresh interpreter would spend three seconds of CPU on; nothing that was
registered with atexit is called at its end. The crash campaign is such a process; whoever has
threads, such as a test, asks one (`warm_runs`).

Requests and answers travel over a socket that only the two have: what pytest, a library or a run
prints, whenever it does, is output and nothing else. A run is signalled by the warm process, whose
child it is, and not by number.
"""

from __future__ import annotations

import fcntl
import gc
import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from harness.processes import Child

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "azure.ai.ml",
    "azure.ai.ml.dsl",
    "azure.ai.ml.entities",
    "azure.identity",
    "azureml.mlflow",
    "datasets",
    "mlflow",
    "pandas",
    "pytest",
    "stamina",
    "tqdm",
    "xdist.dsession",
    "xdist.remote",
)
_LOOK = 0.01  # seconds between looks at a run under way
_BEGAN = (0, 1)  # of pytest; under another release of the SDK a replay may well end red
LOADED = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # a fork has it all imported


def load() -> None:
    """Import what a run imports."""
    for name in HEAVY:
        with suppress(ModuleNotFoundError):  # an older SDK's environment has not all of it
            import_module(name)
    import_module("tqdm").tqdm.monitor_interval = 0  # its thread would be missing in every fork


def pytest_here(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
    """Run pytest in this process, its output in `log`; the exit code."""
    import pytest

    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with _output_to(log):
            return int(pytest.main([*arguments, *LOADED]))
    finally:
        os.environ.clear()
        os.environ.update(before)
        gc.collect()
        gc.freeze()  # a fork need not look at it again


def fork_pytest(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
    """Fork `python -m pytest` in a session of its own, its output in `log`."""
    _flush()  # the fork would write what is pending here once more
    pid = os.fork()
    if pid == 0:
        _become(arguments, environment, log)
    return Child(pid)


class WarmRuns:
    """Asks a warm process for runs, one after the other; `log` is what it prints itself."""

    def __init__(
        self, server: subprocess.Popen[bytes], connection: Connection[Any, Any], log: Path
    ) -> None:
        self.log = log
        self._server, self._connection = server, connection
        self._code: int | None = 0

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Begin `python -m pytest` with these arguments and just that environment.

        Wait for its end before the next. Raises RuntimeError when that has not been done, and when
        the warm process has ended.
        """
        if self.poll() is None:
            raise RuntimeError("the run before has not ended: wait for it first")
        self._send("start", [*arguments], dict(environment), str(log))
        self._receive("started")
        self._code = None

    def poll(self) -> int | None:
        """The exit code of the run that was begun last, negative for a signal; None: it runs."""
        if self._code is None and self._connection.poll():
            self._code = self._receive("ended")
        return self._code

    def wait(self) -> int:
        """The same once it has ended."""
        if self._code is None:
            self._code = self._receive("ended")
        return self._code

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Both."""
        self.start(arguments, environment, log)
        return self.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Have the run signalled that was begun last, if it still runs."""
        if self.poll() is None:
            self._send("signal", int(number))

    def _send(self, *request: object) -> None:
        try:
            self._connection.send(request)
        except OSError as error:
            raise self._over() from error

    def _receive(self, kind: str) -> int:
        """The number in the next answer, which is to be of that kind."""
        try:
            answer: tuple[str, int] = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._over() from error
        if answer[0] != kind:
            raise RuntimeError(f"the warm process answered {answer} in place of {kind!r}")
        return answer[1]

    def _over(self) -> RuntimeError:
        return RuntimeError(
            f"the warm process ended with exit code {self._server.wait()}:\n"
            f"{self.log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
        )


@contextmanager
def warm_runs(
    log: Path, python: Path = Path(sys.executable), environment: Mapping[str, str] | None = None
) -> Iterator[WarmRuns]:
    """A warm process of that interpreter while the block runs; what it prints itself is in `log`.

    At the end of the block a run that nobody waits for any more is killed.
    """
    connection, inherited_end = Pipe()
    with connection:
        with inherited_end, log.open("ab") as output:
            server = subprocess.Popen(
                [str(python), "-m", "harness.warm", str(inherited_end.fileno())],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[inherited_end.fileno()],
            )
        with server:  # waits
            try:
                yield WarmRuns(server, connection, log)
            finally:
                connection.close()  # which ends it, and the run under way


def main(descriptor: int) -> int:
    """Replay the recipe once, then fork a run for each request that comes over the socket.

    An exit code of its own other than 0 says that the recipe could not even begin.
    """
    os.set_inheritable(descriptor, False)
    with Connection(descriptor) as connection:
        os.register_at_fork(after_in_child=connection.close)
        load()
        with TemporaryDirectory(prefix="warm-") as folder:
            output = Path(folder) / "output"
            arguments = ["scenarios/finetune_chat", "-q", "-p", "no:cacheprovider"]
            code = pytest_here([*arguments, "--reports", folder], {}, output)
            sys.stderr.write(output.read_text(encoding="utf-8", errors="replace"))
            sys.stderr.flush()
        if code not in _BEGAN:
            return code
        with suppress(EOFError, ConnectionError):  # nobody wants runs any more
            while True:
                _serve(connection, connection.recv())
    return 0


def _serve(connection: Connection[Any, Any], request: tuple[Any, ...]) -> None:
    """One request; a run from its start to its end. Raises EOFError when nobody waits for it."""
    match request:
        case ("start", arguments, environment, log):
            run = fork_pytest(arguments, environment, Path(log))
            try:
                connection.send(("started", run.pid))
                while (code := run.poll()) is None:
                    if connection.poll(_LOOK):
                        _signal(run, connection.recv())
            finally:
                run.signal_group(signal.SIGKILL)  # nothing where it has ended
                run.wait()
            connection.send(("ended", code))
        case ("signal", _):
            pass  # it came too late: the run has ended


def _signal(run: Child, request: tuple[Any, ...]) -> None:
    """Nothing else may be requested while a run is under way."""
    match request:
        case ("signal", number):
            run.send_signal(signal.Signals(number))
        case _:
            raise ValueError(f"{request[0]!r} was requested before the run has ended")


def _become(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> NoReturn:
    code = 70
    try:
        os.setsid()
        os.chdir(ROOT)
        for number in (signal.SIGTERM, signal.SIGHUP):  # whatever nohup or a shell has made of us
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with _opened(log, "ab") as output, _opened(Path(os.devnull), "rb") as nothing:
            for source, target in ((nothing, 0), (output, 1), (output, 2)):
                os.dup2(source, target)
        os.environ.clear()
        os.environ.update(environment)
        if folder := environment.get("HF_DATASETS_CACHE"):  # looked at when it is imported
            import_module("datasets").config.HF_DATASETS_CACHE = Path(folder)
        sys.argv = ["pytest", *arguments, *LOADED]
        runpy.run_module("pytest", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
    except KeyboardInterrupt:  # out of pytest itself: what a shell then shows
        code = 128 + signal.SIGINT
    except BaseException:  # whatever it was, the warm process must not go on in this one
        traceback.print_exc()
    finally:
        _flush()
        os._exit(code)


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """What this process writes goes into a file for a while, all of it and nothing else."""
    _flush()
    originals = [_duplicate(number) for number in (1, 2)]
    with _opened(log, "ab") as output:
        for number in (1, 2):
            os.dup2(output, number)
    try:
        yield
    finally:
        _flush()  # what is still in Python's own buffers belongs to the file
        for number, handle in zip((1, 2), originals, strict=True):
            _put_back(number, handle)


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[int]:
    """A descriptor of it above the standard ones, of which some may be closed."""
    with file.open(mode) as stream:
        handle = fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, 3)
    try:
        yield handle
    finally:
        os.close(handle)


def _duplicate(number: int) -> int | None:
    """Another descriptor of the same file; None for one that is closed."""
    with suppress(OSError):
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 3)
    return None


def _put_back(number: int, handle: int | None) -> None:
    if handle is None:
        os.close(number)
    else:
        os.dup2(handle, number)
        os.close(handle)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # closed, or there is no room: nobody to tell it to
            stream.flush()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
