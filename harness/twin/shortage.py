"""What went wrong in a twin because the machine it runs on is short of something.

Azure never says so, so it has a code of its own: no service, size or component can mend it.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.twin.engine.steps.step import Outcome

CODE = "TwinMachineError"
_ERRNOS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),  # disk
    *(errno.EMFILE, errno.ENFILE),  # open files
    *(errno.ENOMEM, errno.EAGAIN),  # memory, processes
    *(errno.EADDRNOTAVAIL, errno.EADDRINUSE, errno.ENETUNREACH),  # ports, loopback
}
_TEXT = re.compile(
    r"^MemoryError\b|can't start new thread|database or disk is full|"
    rf"\[Errno ({'|'.join(str(int(number)) for number in sorted(_ERRNOS))})\]",
    re.MULTILINE,
)


def is_shortage(error: BaseException) -> bool:
    """Whether this machine is short of space, memory, descriptors, processes or ports."""
    if isinstance(error, OSError):
        return error.errno in _ERRNOS
    if isinstance(error, sqlite3.OperationalError):
        return "full" in str(error)
    return isinstance(error, MemoryError) or "can't start new thread" in str(error)


def describe(error: BaseException) -> str:
    """The error, and what it is where it is a shortage."""
    return (
        f"{CODE}: this machine is short of something: {error}" if is_shortage(error) else str(error)
    )


def with_code(outcome: Outcome) -> Outcome:
    """The outcome of a step's process, with that code where its traceback ends in a shortage."""
    if outcome.error and _TEXT.search(outcome.error["message"].rpartition("\n")[2]):
        return replace(outcome, error={**outcome.error, "code": CODE})
    return outcome
