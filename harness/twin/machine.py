"""What a twin needs of the machine it runs on, looked at before anything is created.

The figures were measured on whole runs of the recipe (profile tiny): the least with which they are
green, and some to spare.
"""

from __future__ import annotations

import errno
import mmap
import os
import resource
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MachineError
from harness.twin.socket_folder import check_socket_folder

MEBIBYTE = 1024 * 1024
PORTS = 48  # free ones of 127.0.0.1; listening, of connections, and of those that just ended
DESCRIPTORS = 48  # beside those that are open; the check of the ports opens that many
USUAL_STACK = 8 * MEBIBYTE  # of a thread, where there is no limit; less on some systems
THREADS = 48  # at one time, in all processes of a twin
SPACE = 32 * MEBIBYTE  # the state of a run has 7 MiB
FILES = 1000  # a run makes 150
LONGEST_PATH = 4096 if os.uname().sysname == "Linux" else 1024
LONGEST_BELOW = 300  # bytes of a path below the state folder; a run has 223
NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)  # of this process, of the whole system
STATE_OPTION = "--state or --reports"


@dataclass(frozen=True)
class Limit:
    """A limit of the shell: its number, option and unit in `ulimit`, and the least that will do."""

    number: int
    option: str
    unit: int
    least: int
    subject: str


LIMITS = (
    Limit(resource.RLIMIT_NOFILE, "-n", 1, 64, "open files"),
    Limit(resource.RLIMIT_AS, "-v", 1024, 1792 * MEBIBYTE, "address space"),
    Limit(resource.RLIMIT_STACK, "-s", 1024, MEBIBYTE, "the stack of a thread"),
    Limit(resource.RLIMIT_FSIZE, "-f", 1024, SPACE, "the size of a file"),
)


def check_machine(state: Path | None) -> None:
    """Whether a twin can run here with its state in that folder, or in a new temporary one.

    The folder need not exist yet, and nothing that is made here stays. Raises MachineError with
    the next command.
    """
    for limit in LIMITS:
        check_limit(limit)
    check_descriptors()
    temporary = temporary_folder()
    check_path(state or temporary)
    for folder, option in ((temporary, "TMPDIR"), (state or temporary, STATE_OPTION)):
        check_space(folder, option)  # a state of no name lies in the first, which is to blame then
    check_socket_folder()
    check_loopback()
    check_ports()
    check_threads()


def check_limit(limit: Limit) -> None:
    """The shell's limit is no lower than what a run takes."""
    value, _ = resource.getrlimit(limit.number)
    if value != resource.RLIM_INFINITY and value < limit.least:
        raise _lack(
            f"its limit of {value // limit.unit} on {limit.subject} (ulimit {limit.option}) is too "
            f"low for the twin, which needs {limit.least // limit.unit}",
            f"ulimit {limit.option} {limit.least // limit.unit}, then run again",
        )


def check_descriptors() -> None:
    """The process may open that many more files; it may have inherited some."""
    with ExitStack() as files:
        for count in range(DESCRIPTORS):
            try:
                files.enter_context(open(os.devnull, "rb", buffering=0))
            except OSError as error:
                raise _few_descriptors(error, count) from error


def check_path(state: Path) -> None:
    """The files below that folder have names that the system takes."""
    with _usable_folder(state, STATE_OPTION):
        length = len(os.fsencode(os.path.realpath(state))) + LONGEST_BELOW
    if length > LONGEST_PATH:
        raise _lack(
            f"the state folder {state} has a path so long that files below it exceed the "
            f"{LONGEST_PATH} bytes of a path",
            "name a shorter folder with --state or --reports",
        )


def check_space(folder: Path, option: str) -> None:
    """There is room for the files of a run, and for their names."""
    with _usable_folder(folder, option):
        place = _nearest_folder(folder)
        free, system = shutil.disk_usage(place).free, os.statvfs(place)
    if not os.access(place, os.W_OK | os.X_OK):
        raise _lack(f"nothing can be written to {place}", f"name another folder with {option}")
    if free < SPACE:
        raise _lack(
            f"the file system of {place} has {free // MEBIBYTE} MiB left, and the twin needs "
            f"{SPACE // MEBIBYTE}",
            f"df -h {place}; then make room, or name a folder elsewhere with {option}",
        )
    if system.f_files and system.f_favail < FILES:  # some file systems do not count files
        raise _lack(
            f"the file system of {place} takes no more than {system.f_favail} new files, and the "
            f"twin makes up to {FILES}",
            f"df -i {place}; then make room, or name a folder elsewhere with {option}",
        )


def check_loopback() -> None:
    """What listens on 127.0.0.1 can be reached."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as error:
        if error.errno in NO_DESCRIPTOR:
            raise _few_descriptors(error, 0) from error
        if error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):  # no port is free
            raise _few_ports(0) from error
        raise _lack(
            f"its loopback interface cannot be used (127.0.0.1: {_words(error)}), and the twin "
            "answers on nothing else",
            "ip link set lo up (as root), or leave the sandbox that took it away",
        ) from error


def check_ports() -> None:
    """Enough ports are free."""
    with ExitStack() as sockets:
        for count in range(PORTS):
            try:
                sockets.enter_context(socket.socket()).bind(("127.0.0.1", 0))
            except OSError as error:
                if error.errno in NO_DESCRIPTOR:
                    raise _few_descriptors(error, count) from error
                raise _few_ports(count) from error


def check_threads() -> None:
    """The user may start that many more threads (ulimit -u, or the limit of a container)."""
    release, threads = threading.Event(), list[threading.Thread]()
    try:
        for _ in range(THREADS):
            thread = threading.Thread(target=release.wait, daemon=True)
            thread.start()
            threads.append(thread)
    except RuntimeError as error:  # "can't start new thread"
        raise _few_threads(len(threads)) from error
    finally:
        release.set()
        for thread in threads:
            thread.join()


def temporary_folder() -> Path:
    """The folder for temporary files. Raises MachineError when there is none."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise _lack(
            "no temporary folder can be written to (TMPDIR, /tmp, /var/tmp)",
            "name a folder of yours with TMPDIR",
        ) from error


@contextmanager
def _usable_folder(folder: Path, option: str) -> Iterator[None]:
    """What the system says against a folder becomes an error that names it and its option."""
    try:
        yield
    except OSError as error:
        raise _lack(
            f"the folder {folder} cannot be used ({_words(error)})",
            f"name another folder with {option}",
        ) from error


def _nearest_folder(folder: Path) -> Path:
    """The part of that path which exists. Raises OSError where the rest cannot be made below it."""
    path = folder.absolute()
    place = next(parent for parent in (path, *path.parents) if _exists(parent))
    if not stat.S_ISDIR(place.stat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, f"{place} is not a folder")
    longest = os.pathconf(place, "PC_NAME_MAX")
    if any(len(os.fsencode(name)) > longest for name in path.relative_to(place).parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    return place


def _exists(path: Path) -> bool:
    """Also as a link that leads nowhere, below which nothing can be made."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _few_descriptors(error: OSError, count: int) -> MachineError:
    what = f"only {count} more files can be opened, and the twin needs {DESCRIPTORS}"
    if error.errno != errno.EMFILE:
        return _lack(f"{what} ({_words(error)})", "sysctl fs.file-nr shows the limit; raise it")
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _lack(
        f"{what} beside those that are open (ulimit -n, which is {limit})",
        f"ulimit -n {limit + DESCRIPTORS}, then run again",
    )


def _few_threads(count: int) -> MachineError:
    """To be called while those threads live, when what limits them still does."""
    what = f"only {count} more threads can be started, and the twin needs {THREADS}"
    stack, space = (
        resource.getrlimit(number)[0] for number in (resource.RLIMIT_STACK, resource.RLIMIT_AS)
    )
    if space == resource.RLIM_INFINITY or _has_room(stack):
        return _lack(
            what,
            "ulimit -u; cat /sys/fs/cgroup/pids.max, which show the limits of user and container; "
            "raise the lower one",
        )
    return _lack(
        f"{what}; the stack of each takes address space (ulimit -s {_in_kibibytes(stack)}), "
        f"of which there is too little (ulimit -v {_in_kibibytes(space)})",
        "ulimit -s 8192; ulimit -v unlimited, in a new shell, then run again",
    )


def _has_room(stack: int) -> bool:
    """Whether the stack of one more thread can be mapped."""
    size = USUAL_STACK if stack == resource.RLIM_INFINITY else stack
    try:
        mmap.mmap(-1, size).close()
    except (OSError, OverflowError):  # the second when no mapping has such a size
        return False
    return True


def _in_kibibytes(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit // 1024)


def _few_ports(count: int) -> MachineError:
    return _lack(
        f"it has only {count} free ports on 127.0.0.1, and the twin needs {PORTS}",
        "sysctl net.ipv4.ip_local_port_range shows their range, and ss -ant what takes them",
    )


def _lack(what: str, next_command: str) -> MachineError:
    return MachineError(
        f"this machine cannot run the twin: {what}; nothing was created. Next: {next_command}"
    )


def _words(error: OSError) -> str:
    return error.strerror or str(error)
