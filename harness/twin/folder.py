"""The folder of a twin: one twin at a time has it."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import TargetError

_log = logging.getLogger(__name__)
_IN_USE = (errno.EACCES, errno.EAGAIN)


@contextmanager
def held(state: Path) -> Iterator[None]:
    """The folder, made where it is not, for this process alone until it ends, in whatever way.

    Of the two kinds of locks the one that children do not inherit: what a killed twin leaves behind
    for a moment keeps nobody out. Raises TargetError when another twin has the folder, or it cannot
    be written.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(state, error) from error
    try:
        _lock(handle, state)
        _sign(handle, state)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, state: Path) -> None:
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _IN_USE:
            other = os.pread(handle, 20, 0).decode().strip()
            raise TargetError(
                f"another twin runs in {state}: process {other}. Next: kill {other}, or name "
                "another folder with --state"
            ) from None
        # a file system without locks: nobody can tell
        _log.warning("no lock for %s (%s): see that no other twin uses it", state, error.strerror)


def _sign(handle: int, state: Path) -> None:
    """Say who has it."""
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise _unusable(state, error) from error


def _unusable(state: Path, error: OSError) -> TargetError:
    return TargetError(
        f"{state} cannot be a twin's folder: {error.strerror}. Next: name another one with --state"
    )
