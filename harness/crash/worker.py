"""A worker of xdist as a fork of its controller, which has everything imported already.

execnet starts a worker with `python -c` and talks to it over two pipes. This does the same but for
the interpreter's start, which costs three seconds. The worker is a process of its own all the same.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn

from execnet import gateway_io
from execnet.gateway_base import Popen2IO

from harness.processes import Child


class Forked(Popen2IO):
    """In the place of execnet's `Popen2IOMaster`: the controller's ends of the pipes."""

    def __init__(self, args: Any, execmodel: Any) -> None:
        told, tells = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            for theirs in (told[1], tells[0]):
                os.close(theirs)
            _serve(told[0], tells[1])
        self._worker = Child(pid)
        for theirs in (told[0], tells[1]):
            os.close(theirs)
        super().__init__(os.fdopen(told[1], "wb"), os.fdopen(tells[0], "rb"), execmodel)

    def wait(self) -> int | None:
        """The worker's exit code, once it has ended."""
        return self._worker.wait()

    def kill(self) -> None:
        """End it."""
        self._worker.send_signal(signal.SIGKILL)


def fork_workers() -> None:
    """Workers that this process starts from now on are forks of it."""
    setattr(gateway_io, "Popen2IOMaster", Forked)  # noqa: B010  # mypy minds the assignment


def _serve(source: int, target: int) -> NoReturn:
    """In the worker: pipes as stdin and stdout, then what execnet's own `python -c` does."""
    try:
        for handle, standard in ((source, 0), (target, 1)):
            os.dup2(handle, standard)
            os.close(handle)
        sys.stdin = os.fdopen(0, "r", 1, closefd=False)  # execnet opens both anew
        sys.stdout = os.fdopen(1, "w", 1, closefd=False)
        sys.stderr = sys.__stderr__
        exec(eval(sys.stdin.readline()))  # noqa: S102, S307  # the line comes from execnet
    finally:
        os._exit(0)
