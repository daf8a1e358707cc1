"""Each way the recipe can break, as declared in scenarios/faults, one test a file.

Real runs against a real twin, each in a process of its own.
"""

from __future__ import annotations

import re
import shlex
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.report.run_record import RunRecord

from .claims import Claim, Scenario, scenarios

if TYPE_CHECKING:
    from ..whole_runs import Ended, WholeRuns


AZURE_ALONE = re.compile(r"(?<!on Azure: )\baz ml ")  # on the twin no command may lead there


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_it_is_as_the_scenario_claims(
    tmp_path: Path, whole_runs: WholeRuns, scenario: Scenario
) -> None:
    """One error in the step that breaks, saying what and what next; step 9 ran, nothing is left.

    Unless something is claimed to be left. All faults have struck as often as they say, also
    where nothing breaks. The sentence of each scenario stands in its file.
    """
    ended = _run(tmp_path, whole_runs, scenario)

    claim = scenario.claim
    if claim.breaks == "plan":
        _starts_nothing(ended, claim)
        return
    assert ended.record is not None, ended.output
    assert scenario.unmet(ended.struck()) == []
    errors = [each for each in ended.record.findings if each.severity == "error"]
    assert [each.check for each in errors] == [*claim.checks]
    assert [each.blame for each in errors] == [*claim.blame]
    assert all(each.evidence for each in errors)
    assert [left.kind for left in ended.record.leftovers] == [*claim.left]
    if claim.breaks:
        _breaks_once(ended, ended.record, claim)
    else:
        assert ended.code == pytest.ExitCode.OK, ended.output
        assert {each.kind for each in ended.record.deleted} == {"compute", "endpoint", "job"}


def _run(folder: Path, whole_runs: WholeRuns, scenario: Scenario) -> Ended:
    """As its first line says, only sooner."""
    plan = ("--plan", str(scenario.file))
    if scenario.needs_its_own_twin:
        return whole_runs.on_its_own(folder, *plan)
    trains = scenario.claim.breaks == "job"  # else, one that has completed will do
    return whole_runs.on_the_shared_twin(folder, *plan, fresh_job=trains)


def _starts_nothing(ended: Ended, claim: Claim) -> None:
    assert ended.code == pytest.ExitCode.USAGE_ERROR
    assert all(text in ended.output for text in claim.says), ended.output
    assert ended.folder is None


def _breaks_once(ended: Ended, record: RunRecord, claim: Claim) -> None:
    name, error = ended.failed_step()
    assert name == claim.breaks, ended.output
    for text in (*claim.says, claim.next):
        assert text in error
        assert claim.breaks == "connection" or text in ended.output
    assert ended.code == pytest.ExitCode.TESTS_FAILED
    assert "PytestUnraisable" not in ended.output
    *_, last = (line for line in ended.output.splitlines() if line.startswith("✕ "))
    assert "; next: " in last
    assert name == "cleanup" or not AZURE_ALONE.search(error + last)
    for command in re.findall(r"tail -n 50 (?:'[^']*'|[^\s'])+", error):
        assert glob(shlex.split(command)[-1])
    at_the_end = 1 if claim.breaks == "connection" else 0  # the twin is gone: told there as well
    assert record.tests.errors + record.tests.failed == 1 + at_the_end
    assert name != "cluster" or record.deleted == ()  # a create that is refused made nothing
    if name != "cleanup":
        assert record.steps[-1].name == "cleanup"
        assert record.steps[-1].status == "passed"
        assert f"({name}), which failed" in ended.output
