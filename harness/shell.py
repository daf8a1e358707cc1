"""What somebody is told to type, as a shell takes it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def typed(path: Path) -> str:
    """A path from where one is, else whole; quoted where it has to be."""
    whole, here = path.resolve(), Path.cwd()
    return shlex.quote(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))


def run_again(target: str) -> str:
    """This run as it was called; outside of pytest, a plain one on that target."""
    program, *arguments = sys.argv
    if "pytest" in Path(program).parts[-2:]:  # the command, or python -m: pytest/__main__.py
        return shlex.join(["pytest", *arguments])
    return f"pytest scenarios --target {target}"
