"""Looking at what is on this machine: what may not be looked at is not what is not there."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import RefusedError

_NOT_THERE = (FileNotFoundError, NotADirectoryError)
_KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device"}


def typed(path: Path) -> str:
    """A path as a shell takes it, and no program for an option; a link stays the link."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


@contextmanager
def looked(path: Path) -> Iterator[None]:
    """Whatever keeps one from looking is said; that something is not there passes through."""
    try:
        yield
    except _NOT_THERE:
        raise
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be read: {error.strerror or error}. "
            f"Next: ls -ld {typed(path.parent)} {typed(path)}"
        ) from error


def there(path: Path) -> bool:
    """Whether there is anything of that name. Raises RefusedError when one may not know."""
    try:
        with looked(path):
            path.stat()
    except _NOT_THERE:
        return False
    return True


def files_in(folder: Path) -> list[Path]:
    """What is in a folder, nothing when it is none. Raises RefusedError when it is closed."""
    try:
        with looked(folder):
            return [folder / name for name in sorted(os.listdir(folder))]
    except _NOT_THERE:
        return []


def no_file(path: Path) -> str | None:
    """What stands there instead of a file that can be read twice, in words."""
    with looked(path):
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode))
