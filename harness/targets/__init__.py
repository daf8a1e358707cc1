"""Who answers the SDK. A target supplies environment and nothing else; the recipe is the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.targets.azure import open_azure
from harness.targets.cassette import open_cassettes
from harness.targets.target import Target
from harness.targets.twin import open_twin

if TYPE_CHECKING:
    from harness.plan import Plan

Opener = Callable[["Plan", Path], AbstractContextManager[Target]]

TARGETS: dict[str, Opener] = {"azure": open_azure, "twin": open_twin}


def open_target(plan: Plan, folder: Path, cassettes: Path) -> AbstractContextManager[Target]:
    """The plan's target, open for the length of a run; its logs and state go under `folder`.

    `cassettes` is the folder of the scenario's cassettes, which target cassette answers from.
    """
    if plan.target == "cassette":
        return open_cassettes(plan, folder, cassettes)
    return TARGETS[plan.target](plan, folder)
