"""In every environment of the table a command is green, or ends in the one error named there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

from .cell import problem_of, run_cell
from .environment import COMMANDS, CommandName, Environment, Green
from .table import ENVIRONMENTS

Cell = tuple[Environment, CommandName]
CELLS: tuple[Cell, ...] = tuple((row, command) for row in ENVIRONMENTS for command in COMMANDS)
SAMPLE = tuple((row, command) for row, command in CELLS if command in row.sample)
TAIL = 3000  # characters of a log worth showing


def name_of(cell: Cell) -> str:
    """Of a cell, as a test's id."""
    environment, command = cell
    return f"{command} in {environment.name}"


@dataclass(frozen=True)
class Trial:
    """Tries cells for a test; each has a folder that everybody may enter, gone when all is well."""

    log_folder: Path
    allow_untried: bool
    record: Callable[[str, object], None]

    def prove(self, cell: Cell) -> None:
        """Fail with what is wrong, or why the cell cannot be tried on this machine."""
        environment, command = cell
        self.record("cell", (environment.name, command))
        if reasons := [reason for need in environment.needs if (reason := need.missing())]:
            self._not_tried(reasons)
        folder = Path(mkdtemp(prefix="cell-"))
        folder.chmod(0o755)
        outcome = run_cell(environment, command, folder)
        shutil.copy(folder / "log", self.log_folder / "log")
        expectation = environment.expectation(command)
        if problem := problem_of(expectation, outcome, shows_output=environment.shows_output):
            pytest.fail(f"{problem}\nits folder: {folder}\n...{outcome.output[-TAIL:]}", False)
        self.record("verdict", "green" if isinstance(expectation, Green) else "named error")
        shutil.rmtree(folder)

    def _not_tried(self, reasons: list[str]) -> None:
        self.record("verdict", "NOT TRIED")
        text = f"not tried on this machine: {'; '.join(reasons)}"
        if self.allow_untried:
            pytest.skip(text)  # only where --allow-untried says so
        pytest.fail(f"{text}. Or leave such rows out: --allow-untried", False)


@pytest.fixture
def trial(
    tmp_path: Path, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Trial:
    """Of one cell."""
    allow_untried = request.config.getoption("--allow-untried", default=False)
    return Trial(tmp_path, bool(allow_untried), record_property)


@pytest.mark.parametrize("cell", SAMPLE, ids=name_of)
def test_a_sample_of_the_table(cell: Cell, trial: Trial) -> None:
    """The cells that are cheap and tell most."""
    trial.prove(cell)


@pytest.mark.slow_environments
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_the_table(cell: Cell, trial: Trial) -> None:
    """All of it."""
    trial.prove(cell)
