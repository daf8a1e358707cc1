"""The twin's own tests need the twin's environment; `make test-twin` runs them there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from .whole_runs import WholeRuns

settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
settings.load_profile("untimed")
collect_ignore = [] if find_spec("trustme") else ["twin"]
if collect_ignore:  # most twins of the other tests neither train nor serve
    os.environ["HARNESS_TWIN_LAZY"] = "1"


def pytest_report_header() -> str | None:
    """Say aloud what this environment cannot run."""
    return "tests/twin is not run here: make test-twin" if collect_ignore else None


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The ready file of a twin that all tests of this process share."""
    from harness.targets.twin import running_twin

    with running_twin(tmp_path_factory.mktemp("shared")) as file:
        yield file


@pytest.fixture(scope="session")
def whole_runs(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeRuns]:
    """Runs of the recipe, most of them on that twin."""
    from harness.warm import warm_runs

    from .whole_runs import WholeRuns

    with warm_runs(tmp_path_factory.mktemp("warm") / "log") as warm:
        yield WholeRuns(warm, ready)
