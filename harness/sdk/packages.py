"""Packages through uv: what a request resolves to, what was published when, environments of it.

uv is in the `dev` extra: an environment of the SDK takes it seconds where pip takes a minute, it
answers "as of that day", and shares files between environments. Index and certificates are those of
its own settings (`UV_DEFAULT_INDEX`, `UV_FIND_LINKS`, ...), else pip's: where pip works, it does.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import SdkError
from harness.install import pip_settings, uv_environment

_LONG_AGO = "2000-01-01"


def resolved(
    requests: Sequence[str], before: str | None = None, prefer: Sequence[str] = ()
) -> tuple[str, ...]:
    """`name==version` of all that a request brings, today or as of a day (YYYY-MM-DD).

    Versions in `prefer` are taken where the request allows them. Raises SdkError with what
    contradicts what.
    """
    ask = ["pip", "compile", "--no-header", "--no-annotate", "--python", sys.executable]
    ask += ["--exclude-newer", before] if before else []
    with TemporaryDirectory() as folder:
        found = Path(folder, "found.txt")  # what stands there before is what uv would rather have
        found.write_text("\n".join(prefer), encoding="utf-8")
        _uv([*ask, "--output-file", str(found), "-"], "\n".join(requests))
        told = found.read_text(encoding="utf-8")
    return tuple(line for line in told.splitlines() if line and not line.startswith("#"))


def make(folder: Path, pins: Sequence[str]) -> Path:
    """A new environment with exactly these; its interpreter. Raises SdkError."""
    python = folder / "bin" / "python"
    _uv(["venv", "--clear", "--python", sys.executable, str(folder)])
    _uv(["pip", "install", "--no-deps", "--python", str(python), *pins])
    return python


def lay_over(folder: Path, pin: str) -> Path:
    """One version of one package, and what it needs, in a folder to stand first on the path."""
    if not folder.exists():
        _uv(["pip", "install", "--target", str(folder), pin])
    return folder


def conflicts(python: Path) -> tuple[str, ...]:
    """What `pip check` finds in an environment."""
    done = _called(["pip", "check", "--python", str(python)])
    text = done.stdout + done.stderr
    return tuple(line for line in text.splitlines() if line.startswith("The package"))


def published(package: str, version: str) -> str | None:
    """The day a release was published (YYYY-MM-DD), or None where the index does not say.

    Asked for it as of a day before all days, the resolver says since when it is there.
    """
    ask = ["pip", "compile", "--no-deps", "--exclude-newer", _LONG_AGO, "-"]
    told = _called(ask, f"{package}=={version}")
    found = re.search(r"was\s+published\s+at\s+(\d{4}-\d\d-\d\d)", told.stderr)
    return found[1] if found else None


def versions(package: str, *, pre: bool = False) -> tuple[str, ...]:
    """All versions that the index has, oldest first; pre-releases only if `pre`.

    Raises SdkError when it has none.
    """
    command = [sys.executable, "-m", "pip", "index", "versions"]
    done = subprocess.run(
        [*command, "--json", *(["--pre"] if pre else []), package],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SdkError(
            f"no versions of {package} were found:\n{done.stderr.strip()}\n"
            f"Next: python -m pip index versions {package}"
        )
    return tuple(reversed(json.loads(done.stdout)["versions"]))


def _uv(arguments: Sequence[str], given: str = "") -> None:
    done = _called(arguments, given)
    if done.returncode:
        what = f"uv {' '.join(arguments[:2])}"
        again = shlex.join([_program(), *arguments])
        again = f"echo {shlex.quote(given)} | {again}" if given else again
        raise SdkError(f"{what} failed: {_plain(done.stderr)}\nNext: {again}")


def _called(arguments: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_program(), *([] if arguments[1] == "check" else ["--quiet"]), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(frozenset(os.environ.items())),
    )


@cache
def _environment(variables: frozenset[tuple[str, str]]) -> dict[str, str]:
    """Of uv's process, as these of ours and pip's settings are; pip takes a moment to say them."""
    return uv_environment(dict(variables), pip_settings(sys.executable))


def _plain(text: str) -> str:
    """The resolver's message on one line, its drawing left out."""
    return " ".join(re.sub(r"[^\x00-\x7f]|hint:.*", " ", text, flags=re.DOTALL).split())


def _program() -> str:
    try:
        from uv import find_uv_bin
    except ImportError as error:
        raise SdkError(
            "uv is not installed in this environment; it makes the environments of the SDK's "
            "releases. Next: make light"
        ) from error
    return str(find_uv_bin())
