"""The folder of a twin: one twin at a time has it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import TargetError

_IN_USE = (errno.EACCES, errno.EAGAIN)


@contextmanager
def held(state: Path) -> Iterator[None]:
    """The folder, made where it is not, for this process alone until it ends, in whatever way.

    Of the two kinds of locks the one that children do not inherit: a job that outlives a twin
    which was killed does not keep the next one from taking over. Raises TargetError when another
    twin has it.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, state)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, state: Path) -> None:
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _IN_USE:  # others: a file system without locks, where nobody can tell
            raise TargetError(
                f"another twin runs in {state}. Next: stop it (Ctrl-C where it runs), or name "
                "another folder with --state"
            ) from None
