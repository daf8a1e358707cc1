"""One environment a request: made once, kept by the hash of what it resolved to."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.errors import SdkError
from harness.sdk import packages
from harness.sdk.releases import ROOT

HOME = ROOT / ".sdk"
_SCRIPT = Path(__file__).with_name("import_script.py")
_IMPORT_SECONDS = 300  # a first import compiles everything


@dataclass(frozen=True)
class Environment:
    """Where it is, what it holds, how long making it took (seconds)."""

    folder: Path
    pins: tuple[str, ...]
    seconds: float

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


@dataclass(frozen=True)
class Imported:
    """How importing the SDK went in a process of its own."""

    error: str
    missing: bool  # the module is not there at all
    module: str
    packages: tuple[str, ...]  # that the error leads through, innermost first
    seconds: float
    warnings: tuple[str, ...]


def environment(
    requests: Sequence[str],
    home: Path = HOME,
    *,
    before: str | None = None,
    prefer: Sequence[str] = (),
) -> Environment:
    """An environment of what the request resolves to, today or as of a day.

    Versions in `prefer` are taken where they can be. Raises SdkError when it does not resolve or
    install.
    """
    return environment_of(packages.resolved(requests, before, prefer), home, requests)


def environment_of(
    pins: Sequence[str], home: Path = HOME, requests: Sequence[str] = ()
) -> Environment:
    """An environment of exactly these, whatever asked for them. Raises SdkError."""
    folder = home / "env" / hashlib.sha256("\n".join(pins).encode()).hexdigest()[:12]
    made = folder / ".made.json"
    if not made.exists():
        began = time.monotonic()
        shutil.rmtree(folder, ignore_errors=True)
        packages.make(folder, pins)
        told = {"seconds": round(time.monotonic() - began, 1), "request": [*requests]}
        made.write_text(json.dumps(told), encoding="utf-8")
    return Environment(folder, tuple(pins), json.loads(made.read_text(encoding="utf-8"))["seconds"])


def imported(python: Path, *, over: Sequence[Path] = ()) -> Imported:
    """Import the SDK there; folders in `over` stand before all that is installed.

    Raises SdkError when the process does not even say what went wrong, or is not done in time.
    """
    command = [str(python), "-P", str(_SCRIPT)]  # -P: our modules are none of its
    path = os.pathsep.join(map(str, over))
    again = f"Next: PYTHONPATH={shlex.quote(path)} {shlex.join([*command, os.devnull])}"
    with TemporaryDirectory(prefix="import-") as folder:
        report = Path(folder) / "report.json"
        try:
            done = subprocess.run(
                [*command, str(report)], env=clean(PYTHONPATH=path), capture_output=True, text=True,
                check=False, timeout=_IMPORT_SECONDS,
            )  # fmt: skip
            values: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired as error:
            raise SdkError(
                f"importing the SDK was not done after {_IMPORT_SECONDS} s.\n{again}"
            ) from error
        except (OSError, ValueError) as error:
            raise SdkError(
                f"importing the SDK ended with exit code {done.returncode}: {done.stderr[-500:]}\n"
                f"{again}"
            ) from error
    return Imported(**values | {name: tuple(values[name]) for name in ("packages", "warnings")})


def clean(**more: str) -> dict[str, str]:
    """This process's environment without what would lead another Python to our packages."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    return {k: v for k, v in os.environ.items() if k not in ours} | more
