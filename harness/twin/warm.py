"""A warm process to fork from: torch, transformers, peft and mlflow are imported once.

A new process with all of that imported costs about 30 ms instead of 5-7 s of CPU.
The twin itself never imports torch.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from harness.processes import Child, end_own_group
from harness.twin.socket_folder import provide_socket_folder

_CONTEXT = multiprocessing.get_context("forkserver")


class Warm:
    """Starts processes that find the heavy imports already done.

    The forkserver inherits the environment of its parent at `start`, so the environment of a
    single process is set in the child (see `_enter`).
    """

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._begun = threading.Lock()  # taken once, by whoever begins

    def start(self) -> None:
        """Begin importing in the background; returns at once. Only the first call does anything.

        Raises MachineError when no folder can hold the sockets by which processes are started.
        """
        if self._begun.acquire(blocking=False):
            provide_socket_folder()
            _CONTEXT.set_forkserver_preload(["harness.twin.preload"])
            threading.Thread(target=self._first, name="warm", daemon=True).start()

    def process(
        self,
        work: Callable[..., None],
        *args: Any,
        log: Path,
        env: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> BaseProcess:
        """Start `work(*args)` in a process of its own; stdout and stderr go to `log`.

        `work` must be importable from the top of a module. Blocks while the imports still run,
        and begins them where nobody has.
        """
        self.start()
        log.parent.mkdir(parents=True, exist_ok=True)
        process = _CONTEXT.Process(
            target=_enter, args=(work, args, str(log), dict(env or {})), name=name, daemon=False
        )
        process.start()
        return process

    def wait(self, seconds: float) -> bool:
        """Whether the imports were done within that time."""
        return self._ready.wait(seconds)

    def close(self) -> None:
        """End the warm process, also in the middle of its imports, and all that it started."""
        for child in multiprocessing.active_children():
            child.kill()
        pid = getattr(forkserver._forkserver, "_forkserver_pid", None)
        if pid is not None:
            Child(pid).send_signal(signal.SIGKILL)

    def _first(self) -> None:
        with suppress(EOFError, OSError):  # closed in the middle of its imports
            process = _CONTEXT.Process(target=_nothing)
            process.start()
            process.join()
            self._ready.set()


def _nothing() -> None:
    pass


def _enter(work: Callable[..., None], args: tuple[Any, ...], log: str, env: dict[str, str]) -> None:
    """In the child: own process group, own environment, own log, then the work."""
    os.setpgrp()
    threading.Thread(target=_end_with_parent, name="orphan", daemon=True).start()
    os.environ.update(env)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a real text stream here
    work(*args)


def _end_with_parent() -> None:
    """End this process group once the twin is gone, however it went.

    Each child also keeps the forkserver alive, which would otherwise end with the twin.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        end_own_group()
