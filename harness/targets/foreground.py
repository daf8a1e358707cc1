"""`python -m harness twin`: the twin in the foreground, for any client."""

from __future__ import annotations

import os
import sys

from harness.child_environment import twin_environment
from harness.errors import HarnessError
from harness.targets.twin import twin_python


def main(arguments: list[str]) -> int:
    """Become the twin's own interpreter: it lives in an environment of its own."""
    try:
        helps = {"-h", "--help"} & set(arguments)  # said by any Python, before any install
        python = sys.executable if helps else str(twin_python())
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.flush()
    command = [python, "-m", "harness.twin", *arguments]
    return os.execve(python, command, twin_environment())  # noqa: S606  # no shell
