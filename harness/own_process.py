"""What this process was started with: its streams, its limits, a folder for temporary files."""

from __future__ import annotations

import io
import os
import resource
import select
import signal
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from harness.errors import HarnessError

EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)  # urllib3 warns of days before it
LEAST_MEMORY = 600 * 1024 * 1024  # of addresses; a replay is green with 586 MiB and not with 488


def mend_process() -> None:
    """Have three streams that take whatever is written, and children that can be waited for."""
    _open_missing()
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        _make_lasting(name, descriptor)
    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:  # as some supervisors leave it
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def check_process() -> None:
    """Whether anything at all can be done in this process. Raises HarnessError."""
    if sys.flags.optimize > 1:
        raise HarnessError(
            "PYTHONOPTIMIZE=2 (python -OO) takes away all docstrings, and the SDK and MLflow read "
            "their own; nothing was created. Next: unset PYTHONOPTIMIZE, then run again"
        )
    if (day := datetime.now(UTC)) < EARLIEST:
        raise HarnessError(
            f"the clock of this machine says {day:%Y-%m-%d}, and no certificate is valid then; "
            "nothing was created. Next: set it, as with timedatectl set-ntp true, then run again"
        )
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_MEMORY:
        raise HarnessError(
            f"this process may have {limit // 1024} KiB of memory (ulimit -v), and the SDK alone "
            f"takes {LEAST_MEMORY // 1024}; nothing was created. Next: ulimit -v unlimited, in a "
            "new shell, then run again"
        )
    try:
        tempfile.gettempdir()
    except OSError as error:
        raise HarnessError(
            "there is no folder for temporary files: TMPDIR is "
            f"{os.environ.get('TMPDIR', 'not set')}, and nothing can be written there, nor to /tmp "
            "and /var/tmp; nothing was created. Next: export TMPDIR=FOLDER, one of yours, then run "
            "again"
        ) from error


def _open_missing() -> None:
    """A closed descriptor would be the next file's, and what is printed would end up in it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest that is free, which is this one
            os.set_inheritable(descriptor, True)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # for good


def _make_lasting(name: str, descriptor: int) -> None:
    """The stream as it was, on a descriptor that may break; a stream of somebody else's stays."""
    stream = getattr(sys, name)
    if not isinstance(stream, io.TextIOWrapper) or _descriptor(stream) != descriptor:
        return
    if isinstance(getattr(stream.buffer, "raw", stream.buffer), _LastingOutput):
        return
    with suppress(OSError):
        stream.flush()
    raw: Any = _LastingOutput(descriptor, name)
    lasting = io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),  # as Python does itself
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    setattr(sys, name, lasting)


def _descriptor(stream: io.TextIOWrapper) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


class _LastingOutput(io.FileIO):
    """A descriptor of which nobody minds that it breaks: a run whose reader has gone goes on.

    What cannot be written is dropped; stderr says so once.
    """

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._stream, self._broken = name, False

    def write(self, data: Any, /) -> int:
        """As a file does, but for what it raises."""
        size = memoryview(data).nbytes
        if self._broken:
            return size
        try:
            self._write_all(memoryview(data).cast("B"))
        except OSError as error:
            self._broken = True
            self._tell(error)
        return size

    def _write_all(self, rest: memoryview) -> None:
        """Wait where a descriptor does not: whoever shares it may have made it non-blocking."""
        while rest:
            written: int | None = super().write(rest)
            if written is None:
                select.select([], [self], [])
            else:
                rest = rest[written:]

    def _tell(self, error: OSError) -> None:
        if self._stream == "stdout":
            text = f"stdout takes no more ({error.strerror}); all goes on without it\n"
            with suppress(OSError):
                os.write(2, text.encode())
