"""What this machine must have for some rows of the table: rights, namespaces, a false clock."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache, partial
from glob import glob

from .environment import Need


@cache
def root_rights() -> tuple[str, ...]:
    """Options of unshare that make us root in the namespace; none for who is root anyway."""
    return () if os.geteuid() == 0 else ("--user", "--map-root-user")


@cache
def _refused(*options: str) -> str:
    """Why no such namespace can be made here; "" where it can."""
    if shutil.which("unshare") is None:
        return "there is no unshare on this machine. Next: install util-linux"
    command = ["unshare", *root_rights(), *options, "true"]
    trial = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return trial.stderr.strip() and (
        f"unshare {' '.join(options)}: {trial.stderr.strip()}. "
        "Next: run it as root, or in a container with CAP_SYS_ADMIN"
    )


def _no_root() -> str:
    if os.geteuid() == 0:
        return ""
    return "only root can become another user. Next: run the table as root"


def false_clock_library() -> str:
    """The path of libfaketime; "" where it is not installed."""
    folders = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/lib64/faketime")
    return next((file for at in folders for file in glob(f"{at}/libfaketime.so.1")), "")


def _no_false_clock() -> str:
    if false_clock_library():
        return ""
    return "libfaketime is not installed. Next: apt-get install libfaketime"


MOUNTS = Need("a mount namespace", partial(_refused, "--mount"))
NETWORK = Need("a network namespace", partial(_refused, "--net"))
ROOT_USER = Need("root", _no_root)
FALSE_CLOCK = Need("libfaketime", _no_false_clock)
