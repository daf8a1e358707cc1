"""The real service: the environment is the user's own, so there is nothing to set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import TargetError
from harness.targets.target import Target

if TYPE_CHECKING:
    from harness.plan import Plan


@contextmanager
def open_azure(plan: Plan, folder: Path) -> Iterator[Target]:
    """Azure ML, with the credential and workspace of this shell.

    Raises TargetError in a shell with a twin's exports: a green run there would be told as Azure's.
    """
    if twin := os.environ.get("HARNESS_TWIN"):
        raise TargetError(
            f"this shell has the exports of the twin in {twin}, so that twin would answer, not "
            "Azure. Next: run it in a new shell, or with --target twin"
        )
    yield Target(name="azure")
