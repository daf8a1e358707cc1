"""A finalizer that cannot delete: it may not, or the service is down for a while.

Two runs after each other. The outage is scaled down: it outlasts the run, which has no patience
here, and ends while its watchdog still tries, as ten minutes do beside the 120 seconds of the run
and the ten minutes that its watchdog begins after those (docs/cleanup.md has such ten minutes).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import pytest

from harness.janitor.ledger import Ledger
from harness.report.run_record import Leftover
from harness.targets.twin import misbehaving

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns

ROOT = Path(__file__).parents[2]
FORBIDDEN = "refuse:endpoint.delete:status=403,code=AuthorizationFailed,times=4"
ASKS_403 = "step 9, the run's end, its watchdog, the sweep: nobody asks twice"
DOWN = "refuse:endpoint.delete:status=503,times=11"
ASKS_503 = (
    "the SDK asks four times in step 9 and four at the run's end; the watchdog until it works"
)
Swept = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Troubled:
    """A run that has ended, and its watchdog as well."""

    code: int
    output: str
    folder: Path
    left: Leftover  # the one thing that it names in its record

    def still_open(self) -> list[str]:
        """What its ledger holds open."""
        return [entry.kind for entry in Ledger(self.folder / "ledger.jsonl").open_entries()]

    def watchdog(self) -> str:
        """What that said."""
        return (self.folder / "watchdog.log").read_text()


@pytest.fixture(scope="module")
def state(ready: Path) -> Path:
    """The folder of the shared twin."""
    return Path(json.loads(ready.read_text())["state"])


@pytest.fixture(scope="module")
def trained(whole_runs: WholeRuns, tmp_path_factory: pytest.TempPathFactory) -> WholeRuns:
    """The runs, before anything goes wrong."""
    whole_runs.train(tmp_path_factory.mktemp("trained"))
    return whole_runs


@pytest.fixture(scope="module")
def forbidden(
    trained: WholeRuns, state: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Troubled, Swept, list[str], Swept]:
    """A run that may not delete, the command of its message, what was open then; that once more.

    The second time it may.
    """
    with misbehaving(state, [FORBIDDEN]):
        ended = run(trained, tmp_path_factory.mktemp("forbidden"))
        swept = sweep(ended.folder)
        still_open = ended.still_open()
    return ended, swept, still_open, sweep(ended.folder)


@pytest.fixture(scope="module")
def down(
    trained: WholeRuns, state: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Troubled]:
    """A run that meets the outage."""
    with misbehaving(state, [DOWN]):
        return (run(trained, tmp_path_factory.mktemp("down")),)


def run(whole_runs: WholeRuns, folder: Path) -> Troubled:
    """The recipe, without patience, until its watchdog has ended."""
    ended = whole_runs.on_the_shared_twin(folder, settings=["limits.patience_seconds=0"])
    assert ended.folder is not None, ended.output
    assert ended.record is not None
    until = time.monotonic() + 120
    while "watchdog: done" not in (ended.folder / "watchdog.log").read_text():
        assert time.monotonic() < until, ended.output
        time.sleep(0.1)
    (left,) = ended.record.leftovers
    return Troubled(ended.code, ended.output, ended.folder, left)


def sweep(folder: Path) -> Swept:
    """The command that the run's message names."""
    command = [sys.executable, "-m", "harness", "sweep", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["forbidden", "down"])
def test_the_run_fails_and_says_what_to_type(name: str, request: pytest.FixtureRequest) -> None:
    """What is left, its price a day, its page in the studio, its command, and the one for all."""
    ended: Troubled = request.getfixturevalue(name)[0]
    left = ended.left

    assert ended.code == pytest.ExitCode.TESTS_FAILED
    assert left.kind == "endpoint"
    for text in (
        f"endpoint {left.name} (up to $88.15 a day): ",
        left.command,
        left.portal,
        f"python -m harness sweep {quote(str(ended.folder))}",
    ):
        assert text in ended.output
    assert left.command.startswith(f"az ml online-endpoint delete --yes --name {left.name} --sub")
    assert re.match(r"https://ml\.azure\.com/endpoints/realtime/\S+/detail\?wsid=/sub", left.portal)


def test_the_watchdog_goes_on_until_the_service_is_back(down: tuple[Troubled]) -> None:
    """What the run had to give up is deleted after all, and the ledger closed."""
    (ended,) = down

    assert "ServiceUnavailable" in ended.output
    assert ended.watchdog().count("not yet, trying again: HTTP 503: ServiceUnavailable") == 1
    assert "gone: endpoint" in ended.watchdog()
    assert "done, nothing is left" in ended.watchdog()
    assert ended.still_open() == []


def test_what_is_forbidden_stays_and_is_told_again(
    forbidden: tuple[Troubled, Swept, list[str], Swept],
) -> None:
    """Nobody who may not delete it can: watchdog and sweep say so, exit code 1. Then one may."""
    ended, swept, still_open, allowed = forbidden

    assert "AuthorizationFailed" in ended.output
    assert "something is left: see above" in ended.watchdog()
    assert still_open == ["endpoint"]
    assert swept.returncode == 1
    assert "1 left" in swept.stdout
    assert ended.left.command in swept.stdout
    assert (allowed.returncode, ended.still_open()) == (0, [])
    assert f"gone: endpoint {ended.left.name}" in allowed.stdout
