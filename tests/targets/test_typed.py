"""What to type: on the twin, each command that leads to Azure stands behind one that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.targets.typed import on_twin, running, shown_again

STATE = Path("reports/1/twin")
SHOW = shown_again("today", STATE)
TAIL = f"tail -n 50 {STATE}/blobs/azureml/ExperimentRun/*/user_logs/std_log.txt"
TOLD = {
    "set compute.size in the plan": "set compute.size in the plan",
    "az ml job download --name j --all, and read std_log.txt": (
        f"{TAIL} (on Azure: az ml job download --name j --all), and read std_log.txt"
    ),
    "run again; az ml compute show --name c tells": (
        f"run again; {SHOW} (on Azure: az ml compute show --name c) tells"
    ),
    "az ml compute list-usage shows what is left": (
        f"{SHOW} (on Azure: az ml compute list-usage) shows what is left"
    ),
    "look: az ml job show --name j. Then again": (
        f"look: {SHOW} (on Azure: az ml job show --name j). Then again"
    ),
    "az ml compute delete --name c --yes": "az ml compute delete --name c --yes",
    "az role assignment list --assignee <you>; creating": (
        f"{SHOW} (on Azure: az role assignment list --assignee <you>); creating"
    ),
}


@pytest.mark.parametrize("text", TOLD)
def test_what_works_comes_first(text: str) -> None:
    """The words around the command stay, and a text that has been changed is not changed again."""
    assert on_twin(SHOW, STATE, text) == TOLD[text]
    assert on_twin(SHOW, STATE, TOLD[text]) == TOLD[text]


def test_a_twin_that_has_ended_is_shown_again() -> None:
    """After a preflight there is no folder; another twin of that era says the same."""
    spaced = Path("my reports/1/twin")

    assert shown_again("today", STATE) == (
        "python -m harness twin --show --era today --state reports/1/twin"
    )
    assert shown_again("feb-2025", None) == "python -m harness twin --show --era feb-2025"
    assert shown_again("today", spaced).endswith(" --state 'my reports/1/twin'")
    assert "tail -n 50 'my reports/1/twin'/blobs/" in on_twin("", spaced, "az ml job download")


def test_a_twin_that_still_runs_is_asked() -> None:
    """Its folder is its own: no second one is started on it."""
    assert on_twin(running(STATE), STATE, "az ml model list") == (
        "ask the twin in reports/1/twin (on Azure: az ml model list)"
    )
