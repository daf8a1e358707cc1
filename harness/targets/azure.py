"""The real service: the environment is the user's own, so there is nothing to set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.targets.target import Target

if TYPE_CHECKING:
    from harness.plan import Plan


@contextmanager
def open_azure(plan: Plan, folder: Path) -> Iterator[Target]:
    """Azure ML, with the credential and workspace of this shell."""
    yield Target(name="azure", proves="the recipe works on Azure today")
