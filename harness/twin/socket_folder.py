"""A short folder for the sockets of the twin's processes.

The path of a Unix socket is limited to about a hundred bytes, and multiprocessing puts its sockets
below TMPDIR, which may be longer than that (macOS, tests, CI runners).
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing import util
from pathlib import Path

from harness.errors import MachineError

LONGEST = 107 if sys.platform == "linux" else 103  # bytes of a path, without the null at its end
_NAME = "listener-12345678"  # as long as the names that multiprocessing gives to its sockets


def provide_socket_folder() -> None:
    """Let multiprocessing keep the sockets of this process and its children in a short folder.

    Made once in a process, for its owner only, removed when the process ends. Raises MachineError
    when no folder on this machine can hold a socket.
    """
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]  # no public way
    if "tempdir" in config and _holds_sockets(Path(config["tempdir"])):
        return
    folder = make_socket_folder()
    util.Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=-100)
    config["tempdir"] = str(folder)  # where multiprocessing itself remembers its folder


def check_socket_folder() -> None:
    """Whether there is a place for such a folder. Raises MachineError."""
    make_socket_folder().rmdir()


def make_socket_folder(places: Iterable[Path] | None = None) -> Path:
    """A new folder with mode 0700, in the first of these places that can hold a socket."""
    candidates = list(_places() if places is None else places)
    for place in candidates:
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="twin-", dir=place))
            if _holds_sockets(folder):
                return folder
            folder.rmdir()
    raise MachineError(
        "this machine cannot run the twin: no folder can hold its Unix sockets, whose paths have "
        f"at most {LONGEST} bytes (tried: {', '.join(map(str, candidates))}); nothing was created. "
        "Next: name a short folder of yours with TMPDIR"
    )


def _places() -> Iterable[Path]:
    """The user's own temporary folder first; then those that are short on most machines."""
    yield Path(tempfile.gettempdir())
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime)
    yield from (Path("/tmp"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108  # mkdtemp is safe


def _holds_sockets(folder: Path) -> bool:
    """Whether one with the longest name can be made there (not every file system has them)."""
    path = folder / _NAME
    if len(os.fsencode(path)) > LONGEST:
        return False
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
        path.unlink()
    except OSError:
        return False
    return True
