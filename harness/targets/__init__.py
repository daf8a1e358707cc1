"""Who answers the SDK. A target supplies environment and nothing else; the recipe is the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.targets.azure import open_azure
from harness.targets.target import Target
from harness.targets.twin import open_twin

if TYPE_CHECKING:
    from harness.plan import Plan

Opener = Callable[["Plan", Path], AbstractContextManager[Target]]

TARGETS: dict[str, Opener] = {"azure": open_azure, "twin": open_twin}


def open_target(plan: Plan, folder: Path) -> AbstractContextManager[Target]:
    """The plan's target, open for the length of a run; its logs and state go under `folder`."""
    return TARGETS[plan.target](plan, folder)
