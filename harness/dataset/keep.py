"""All of a file or nothing of it: written beside its place, synced, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from harness.dataset.look import typed
from harness.errors import StepError
from harness.processes import Identity, identify, is_running

_PART = re.compile(r"\.(\d+)-([\d.]+)\.part$")  # who writes it: number and start


@dataclass
class Kept:
    """What has been written so far, to become the file of that path."""

    path: Path
    file: IO[bytes]
    sha256: Any = field(default_factory=hashlib.sha256)
    size: int = 0  # bytes

    def write(self, data: bytes) -> None:
        """More bytes. Raises StepError when there is no room for them."""
        try:
            self.file.write(data)
        except OSError as error:
            raise _unwritten(self.path, error) from error
        self.sha256.update(data)
        self.size += len(data)

    def sync(self) -> None:
        """All that was written is on disk. Raises StepError when it does not get there."""
        with _writing(self.path):
            self.file.flush()
            os.fsync(self.file.fileno())


@contextmanager
def kept(path: Path) -> Iterator[Kept]:
    """A file that appears under its name when the block ends well, and not at all when it does not.

    Interrupted or failing, it leaves what was there before. After a kill its `.part` stays until
    the next one writes here. Raises StepError when the disk is full or the folder not writable;
    an OSError of the block itself is not the file's, and stays what it is.
    """
    part = path.with_name(f".{path.name}.{_writer()}.part")
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path)
        file = part.open("wb")
    try:
        out = Kept(path, file)
        yield out
        out.sync()
        with _writing(path):
            part.replace(path)
            _sync(path.parent)
    finally:
        with suppress(OSError):  # the error that counts is already on its way
            file.close()
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> StepError:
    return StepError(
        f"{path} cannot be written: {error.strerror or error}; nothing of it was kept.\n"
        f"Next: {helping(error, path.parent)} or name another folder, and run it again"
    )


def helping(error: OSError, folder: Path) -> str:
    """What to do about a file that cannot be written there; only a full disk wants room."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"make room (df -h {typed(folder)})"
    if error.errno == errno.EFBIG:
        return "allow files that large (ulimit -f shows the limit)"
    there = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    if error.errno in (errno.EEXIST, errno.ENOTDIR) or not os.path.isdir(there):
        return f"ls -l {typed(there)} (it is no folder)"
    if error.errno == errno.ENOENT:
        return f"see what {there} is, where no folder can be made (stat -f {typed(there)}),"
    return f"see who may write to {there} (ls -ld {typed(there)})"


def _tidy(path: Path) -> None:
    """Parts of processes that were killed."""
    for part in path.parent.glob(f".{path.name}.*.part"):
        writer = _PART.search(part.name)
        if writer and not _is_running(int(writer[1]), writer[2]):
            part.unlink(missing_ok=True)


def _is_running(pid: int, started: str) -> bool:
    return pid <= 1 or is_running(Identity(pid, started))  # 1 is of a container, and cannot be told


def _writer() -> str:
    """This process, as the name of a part tells it."""
    process = identify(os.getpid())
    return f"{os.getpid()}-{process.started if process else 0}"


def _sync(folder: Path) -> None:
    """The name itself has to be on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
