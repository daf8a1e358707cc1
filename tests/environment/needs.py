"""What this machine must have for some rows of the table: rights, namespaces, a compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache, partial

from .environment import Need


@cache
def root_rights() -> tuple[str, ...]:
    """Options of unshare that make us root in the namespace; none for who is root anyway."""
    return () if os.geteuid() == 0 else ("--user", "--map-root-user")


@cache
def _namespace_error(*options: str) -> str:
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


def _no_compiler() -> str:
    if shutil.which("cc"):
        return ""
    return "a false clock is a library to be compiled, and there is no cc. Next: install gcc"


MOUNTS = Need("a mount namespace", partial(_namespace_error, "--mount"))
NETWORK = Need("a network namespace", partial(_namespace_error, "--net"))
ROOT_USER = Need("root", _no_root)
COMPILER = Need("a C compiler", _no_compiler)
