"""Rows about folders, users and what is installed: HOME, checkout, TMPDIR, reports, PATH."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shlex import quote

from .environment import Environment, NamedError, Place
from .needs import MOUNTS, ROOT_USER

NOWHERE = "/dev/null/nowhere"
LONG = "/".join(["a-folder-with-a-long-name"] * 6)
NOBODY = 65534

READ_ONLY_HOME = "mount --bind {home} {home} && mount -o remount,bind,ro {home} && "
READ_ONLY_CHECKOUT = (
    "mount --bind {checkout} {checkout} && mount -o remount,bind,ro {checkout} && cd {checkout} && "
)


def _full(folder: str) -> str:
    """A file system of its own there, on which not one more byte has a place."""
    return (
        f"mkdir -p {folder} && mount -t tmpfs -o size=16k tmpfs {folder} && "
        f"{{{{ head -c 1M /dev/zero >{folder}/all 2>/dev/null; }}}}; "
    )


def _make_tmpdir(place: Place) -> None:
    (place.folder / LONG).mkdir(parents=True)


HOMES = (
    Environment("no HOME", {"HOME": None}, sample=("replay",)),
    Environment("HOME that does not exist", {"HOME": NOWHERE}),
    Environment("HOME is /", {"HOME": "/"}),
    Environment(
        "HOME read-only",
        namespaces=("--mount",),
        script=READ_ONLY_HOME + 'exec "$@"',
        needs=(MOUNTS,),
    ),
    Environment(
        "HOME on another file system",
        namespaces=("--mount",),
        script='mount -t tmpfs tmpfs {home} && exec "$@"',
        needs=(MOUNTS,),
    ),
    Environment(
        "HOME is full",
        namespaces=("--mount",),
        script=_full("{home}") + 'exec "$@"',
        needs=(MOUNTS,),
    ),
    Environment("umask 077", script='umask 077; exec "$@"'),
    Environment("umask 000", script='umask 000; exec "$@"'),
)


def _settings_above(place: Place) -> None:
    """What a parent folder may hold for other projects."""
    above = place.checkout.parent
    (above / "conftest.py").write_text("raise RuntimeError('a conftest of another project')\n")
    (above / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (above / "setup.cfg").write_text("[tool:pytest]\naddopts = --no-such-option\n")
    (above / "tox.ini").write_text("[pytest]\naddopts = --no-such-option\n")


def _link(place: Place) -> None:
    (place.folder / "link").symlink_to(place.checkout)


def _spaced(place: Place) -> None:
    """A link would be resolved: the folder itself has the odd name."""
    odd = place.folder / "Ünser Projekt & 'more'"
    odd.mkdir()
    place.checkout.rename(odd / "checkout")
    place.checkout.symlink_to(odd / "checkout")


CHECKOUTS = (
    Environment(
        "checkout read-only",
        namespaces=("--mount",),
        script=READ_ONLY_CHECKOUT + 'exec "$@"',
        checkout="copy",
        needs=(MOUNTS,),
    ),
    Environment(
        "checkout read-only, reports in it",
        namespaces=("--mount",),
        script=READ_ONLY_CHECKOUT + 'exec "$@"',
        checkout="copy",
        default_reports=True,
        needs=(MOUNTS,),
        replay=NamedError(("no report can be written", "Read-only file system", "--reports"), 4),
        twin=NamedError(("no report can be written", "Read-only file system", "--reports"), 4),
    ),
    Environment("reports of the checkout", checkout="copy", default_reports=True),
    Environment("checkout with space, accent and quotes", checkout="copy", preparation=_spaced),
    Environment(
        "checkout by a symbolic link", checkout="copy", preparation=_link, directory="{folder}/link"
    ),
    Environment(
        "pytest's files of another project above",
        checkout="copy",
        preparation=_settings_above,
        sample=("replay",),
    ),
    Environment(
        "typed in another folder",
        checkout="copy",
        directory="{home}",
        scenario="{checkout}/scenarios",
        sample=("replay",),
    ),
)

TEMPORARY = (
    Environment(
        "TMPDIR of 150 characters", {"TMPDIR": f"{{folder}}/{LONG}"}, preparation=_make_tmpdir
    ),
    Environment("TMPDIR missing", {"TMPDIR": NOWHERE}),
    Environment(
        "TMPDIR read-only",
        {"TMPDIR": "{home}"},
        namespaces=("--mount",),
        script=READ_ONLY_HOME + 'exec "$@"',
        needs=(MOUNTS,),
    ),
    Environment(
        "no folder for temporary files",
        namespaces=("--mount",),
        script="mount --bind {folder} {folder} && mount -o remount,bind,ro / && "
        'cd {checkout} && exec "$@"',
        needs=(MOUNTS,),
        replay=NamedError(("TMPDIR",), 4),
        twin=NamedError(("TMPDIR",), 4),
        preflight=NamedError(("TMPDIR",), 2),
    ),
    Environment(
        "no /dev/shm",
        namespaces=("--mount",),
        script='mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"',
        needs=(MOUNTS,),
    ),
    Environment(
        "folder for temporary files of 1 MB",
        {"TMPDIR": "{home}"},
        namespaces=("--mount",),
        script='mount -t tmpfs -o size=1M tmpfs {home} && exec "$@"',
        needs=(MOUNTS,),
        twin=NamedError(("MiB left", "TMPDIR"), 4),
        preflight=NamedError(("MiB left", "TMPDIR"), 2),
    ),
)


def _vanishing_reports(place: Place) -> None:
    """A plugin after whose last test the folder of the reports is gone, as on a share."""
    site = place.folder / "site"
    site.mkdir()
    (site / "vanishing.py").write_text(
        "import pytest, shutil\n"
        "@pytest.hookimpl(wrapper=True)\n"
        "def pytest_runtestloop():\n"
        "    yield\n"
        f"    shutil.rmtree({str(place.reports)!r})\n"
        f"    open({str(place.reports)!r}, 'w').close()\n"
        "    return True\n"
    )


NO_REPORT = NamedError(("no report can be written", "--reports"), 4)
REPORTS = (
    Environment(
        "reports in a long path",
        options={
            "replay": ("--reports", f"{{reports}}/{LONG}"),
            "twin": ("--reports", f"{{reports}}/{LONG}"),
        },
    ),
    Environment(
        "reports where nothing can be written",
        options={"replay": ("--reports", NOWHERE), "twin": ("--reports", NOWHERE)},
        replay=NO_REPORT,
        twin=NO_REPORT,
        sample=("replay",),
    ),
    Environment(
        "reports on a full file system",
        namespaces=("--mount",),
        script=_full("{reports}") + 'exec "$@"',
        needs=(MOUNTS,),
        replay=NamedError(("No space left on device", "--reports"), 4),
        twin=NamedError(("--reports",), 4),  # by whichever check comes first
    ),
    Environment(
        "reports on a file system of 4 MB",
        namespaces=("--mount",),
        script="mkdir -p {reports} && mount -t tmpfs -o size=4M tmpfs {reports} && "
        '"$@"; code=$?; cp -r {reports} {folder}/copies; exit $code',
        needs=(MOUNTS,),
        twin=NamedError(("MiB left", "--reports"), 4),
    ),
    Environment(
        "reports that vanish during the run",
        {"PYTHONPATH": "{folder}/site", "PYTEST_ADDOPTS": "-p vanishing"},
        preparation=_vanishing_reports,
        replay=NamedError(("no report could be written to", "17 passed"), 1),
        twin=NamedError(("no report could be written to", "17 passed"), 1),
    ),
)


def _own(place: Place) -> None:
    """The cell's folders belong to an ordinary user, its own checkout included."""
    for folder, _, files in os.walk(place.folder):
        for path in (folder, *(os.path.join(folder, name) for name in files)):
            os.lchown(path, NOBODY, NOBODY)


def _visible_python() -> str:
    """Our interpreter where it is, for everybody, be it in a folder that only root enters."""
    prefix = Path(sys.base_prefix)
    ancestors = [*reversed(prefix.parents)][1:]
    closed = next((folder for folder in ancestors if not folder.stat().st_mode & 0o001), None)
    if closed is None:
        return ""
    return (
        f"mount -t tmpfs tmpfs /mnt && mkdir /mnt/python && mount --bind {quote(str(prefix))} "
        f"/mnt/python && mount -t tmpfs -o mode=755 tmpfs {quote(str(closed))} && "
        f"mkdir -p {quote(str(prefix))} && mount --move /mnt/python {quote(str(prefix))} && "
    )


def _as_user(number: int) -> str:
    return f'exec setpriv --reuid {number} --regid {number} --clear-groups "$@"'


HIDE_PROCESSES = "mount -t proc -o hidepid=invisible proc /proc && "
USERS = (
    Environment(
        "ordinary user",
        {"USER": "nobody", "LOGNAME": "nobody"},
        namespaces=("--mount",),
        script=_visible_python() + _as_user(NOBODY),
        checkout="copy",
        default_reports=True,
        preparation=_own,
        needs=(MOUNTS, ROOT_USER),
    ),
    Environment(
        "ordinary user, checkout of another",
        {"USER": "nobody", "LOGNAME": "nobody"},
        namespaces=("--mount",),
        script=_visible_python() + _as_user(NOBODY),
        preparation=_own,
        needs=(MOUNTS, ROOT_USER),
    ),
    Environment(
        "user without a name",
        namespaces=("--mount",),
        script=_visible_python() + "chown -R 54321 {folder} && " + _as_user(54321),
        preparation=_own,
        needs=(MOUNTS, ROOT_USER),
    ),
    Environment(
        "ordinary user who sees only own processes",
        namespaces=("--mount",),
        script=_visible_python() + HIDE_PROCESSES + _as_user(NOBODY),
        preparation=_own,
        needs=(MOUNTS, ROOT_USER),
    ),
)

TOOLS = (
    Environment("nothing on PATH, neither git nor az", {"PATH": NOWHERE}, sample=("replay",)),
    Environment("PATH is not set", {"PATH": None}),
    Environment("no shell", {"SHELL": NOWHERE}),
)

PLACES = (*HOMES, *CHECKOUTS, *TEMPORARY, *REPORTS, *USERS, *TOOLS)
