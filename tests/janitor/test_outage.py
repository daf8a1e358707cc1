"""A finalizer that cannot delete: it may not, or the service is down for a while.

One twin, two runs after each other. The outage is scaled down: it outlasts the run, which has no
patience here, and ends while its watchdog still tries, as ten minutes do beside the 120 seconds of
the run and the ten minutes that its watchdog begins after those.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.janitor.ledger import Ledger
from harness.report.run_record import Leftover, read
from harness.targets.twin import running_twin

ROOT = Path(__file__).parents[2]
FORBIDDEN = "refuse:endpoint.delete:status=403,code=AuthorizationFailed,times=4"
ASKS_403 = "step 9, the run's end, its watchdog, the sweep: nobody asks twice"
DOWN = "refuse:endpoint.delete:status=503,times=11"
ASKS_503 = (
    "the SDK asks four times in step 9 and four at the run's end; the watchdog until it works"
)
SETTINGS = ["training.max_steps=20", "scoring.rounds=5", "limits.patience_seconds=0"]


@dataclass(frozen=True)
class Ended:
    """A run that has ended, and its watchdog as well."""

    code: int
    output: str
    folder: Path

    def left(self) -> Leftover:
        """The one thing that it names in its record."""
        (found,) = read(self.folder / "run.json").leftovers
        return found

    def still_open(self) -> list[str]:
        """What its ledger holds open after the watchdog."""
        return [entry.kind for entry in Ledger(self.folder / "ledger.jsonl").open_entries()]

    def watchdog(self) -> str:
        """What that said."""
        return (self.folder / "watchdog.log").read_text()


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Forbidding at first, then down, then well."""
    faults = ["--fault", FORBIDDEN, "--fault", DOWN]
    with running_twin(tmp_path_factory.mktemp("outage"), faults) as ready:
        yield ready


@pytest.fixture(scope="module")
def forbidden(twin: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A run that may not delete its endpoint, and a sweep that may not either."""
    return run(twin, tmp_path_factory.mktemp("forbidden"))


@pytest.fixture(scope="module")
def swept(forbidden: Ended) -> subprocess.CompletedProcess[str]:
    """The command that its message names."""
    command = [sys.executable, "-m", "harness", "sweep", str(forbidden.folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def down(twin: Path, swept: object, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A run that meets the outage."""
    return run(twin, tmp_path_factory.mktemp("down"), "endpoint.prefix=down-")


def run(twin: Path, folder: Path, *settings: str) -> Ended:
    """The recipe against that twin, until its watchdog has ended. The second finds its job done."""
    command = [sys.executable, "-m", "pytest", "scenarios/finetune_chat", "--target", "twin"]
    command += ["--reports", str(folder), "-p", "no:cacheprovider"]
    for setting in [*SETTINGS, *settings]:
        command += ["--set", setting]
    environment = {**os.environ, "HARNESS_TWIN_READY": str(twin), "HARNESS_TIMESTAMP": "1000000000"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    (found,) = folder.glob("2*")
    until = time.monotonic() + 120
    while "watchdog: done" not in (found / "watchdog.log").read_text():
        assert time.monotonic() < until, done.stdout
        time.sleep(0.1)
    return Ended(done.returncode, done.stdout, found)


@pytest.mark.parametrize("name", ["forbidden", "down"])
def test_the_run_fails_and_says_what_to_type(name: str, request: pytest.FixtureRequest) -> None:
    """What is left, its price a day, its page in the studio, its command, and the one for all."""
    ended: Ended = request.getfixturevalue(name)
    left = ended.left()

    assert ended.code == pytest.ExitCode.TESTS_FAILED
    assert left.kind == "endpoint"
    for text in (
        f"endpoint {left.name} (up to $88.15 a day): ",
        left.command,
        left.portal,
        f"python -m harness sweep {ended.folder}",
    ):
        assert text in ended.output
    assert left.command.startswith(f"az ml online-endpoint delete --yes --name {left.name} --sub")
    assert re.match(r"https://ml\.azure\.com/endpoints/realtime/\S+/detail\?wsid=/sub", left.portal)


def test_the_watchdog_goes_on_until_the_service_is_back(down: Ended) -> None:
    """What the run had to give up is deleted after all, and the ledger closed."""
    assert "ServiceUnavailable" in down.output
    assert "gone: endpoint" in down.watchdog()
    assert "done, nothing is left" in down.watchdog()
    assert down.still_open() == []


def test_what_is_forbidden_stays_and_is_told_again(
    forbidden: Ended, swept: subprocess.CompletedProcess[str]
) -> None:
    """Nobody who may not delete it can: watchdog and sweep say so, exit code 1."""
    assert "AuthorizationFailed" in forbidden.output
    assert "something is left: see above" in forbidden.watchdog()
    assert forbidden.still_open() == ["endpoint"]
    assert swept.returncode == 1
    assert "1 left" in swept.stdout
    assert forbidden.left().command in swept.stdout
