"""Blob names as paths, and uploads as files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.twin.blob_errors import full_disk

_COPY = 1 << 20


class Upload:
    """A body on its way to disk. Leave its `with` block without moving it and it is gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with full_disk():
            self._file = path.open("wb", buffering=0)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self.size = 0

    @property
    def md5(self) -> bytes:
        """Of everything written with `write` so far; 16 bytes."""
        return self._md5.digest()

    def write(self, chunk: bytes | bytearray) -> None:
        """Append and digest. Raises BlobError when the disk is full."""
        with full_disk():
            _write_all(self._file.fileno(), memoryview(chunk))
        self._md5.update(chunk)
        self.size += len(chunk)

    def append_file(self, path: Path, offset: int, size: int) -> None:
        """Append part of another file, not digested. Raises BlobError when the disk is full."""
        with full_disk(), path.open("rb") as source:
            source.seek(offset)
            while size:
                chunk = source.read(min(size, _COPY))
                _write_all(self._file.fileno(), memoryview(chunk))
                size -= len(chunk)

    def finish(self) -> tuple[int, int]:
        """Nothing more comes; its time of change in ns and its size in bytes.

        The time is set to the nanosecond, since a file system's clock ticks every 4 ms and two
        uploads must not share an ETag.
        """
        self._file.close()
        now = time.time_ns()
        os.utime(self._path, ns=(now, now))
        seen = self._path.stat()
        return seen.st_mtime_ns, seen.st_size

    def move_to(self, target: Path) -> None:
        """Make this the content of target, in one stroke."""
        target.parent.mkdir(parents=True, exist_ok=True)
        self._path.replace(target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)


def as_path(folder: Path, name: str) -> Path | None:
    """Where a blob of that name lies below folder; None when no file can be called so.

    Azure's names are flat: `a` and `a/b` may both exist, segments may be empty or dots.
    """
    segments = name.split("/")
    if not all(_fit(segment) for segment in segments) or len(os.fsencode(name)) > 3000:
        return None
    path = folder.joinpath(*segments)
    under_a_file = any(parent.is_file() for parent in _between(path, folder))
    return None if path.is_dir() or under_a_file else path


def names_below(folder: Path, prefix: str) -> Iterator[str]:
    """Names of the files below folder that may start with prefix, in no order."""
    head = prefix.rpartition("/")[0]
    start = as_folder(folder, head) if head else folder
    if start is None:
        return
    for parent, _, files in os.walk(start):
        below = os.path.relpath(parent, folder)
        for file in files:
            yield file if below == "." else f"{below}/{file}"


def as_folder(folder: Path, name: str) -> Path | None:
    """The folder of that name below folder, or None."""
    fit = all(_fit(segment) for segment in name.split("/"))
    path = folder / name
    return path if fit and path.is_dir() else None


def _fit(segment: str) -> bool:
    """Whether a file can be called so."""
    try:
        size = len(segment.encode())
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return segment not in ("", ".", "..") and size <= 255 and "\0" not in segment


def _between(path: Path, folder: Path) -> Iterator[Path]:
    for parent in path.parents:
        if parent == folder:
            return
        yield parent


def _write_all(handle: int, view: memoryview) -> None:
    while view:
        view = view[os.write(handle, view) :]


def link(source: str, target: str) -> str:
    """A second name for the same bytes: blobs are replaced whole, never written into."""
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy2(source, target)
    return target
