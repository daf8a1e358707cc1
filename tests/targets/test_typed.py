"""What to type: on the twin, each command that leads to Azure stands behind one that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.targets.typed import on_twin

STATE = Path("reports/1/twin")
SERVE = "python -m harness twin --era today --state reports/1/twin"
TAIL = f"tail -n 50 {STATE}/blobs/azureml/ExperimentRun/*/user_logs/std_log.txt"
TOLD = {
    "set compute.size in the plan": "set compute.size in the plan",
    "az ml job download --name j --all, and read std_log.txt": (
        f"{TAIL} (on Azure: az ml job download --name j --all), and read std_log.txt"
    ),
    "run again; az ml compute show --name c tells": (
        f"run again; {SERVE} (on Azure: az ml compute show --name c) tells"
    ),
    "az ml compute list-usage shows what is left": (
        f"{SERVE} (on Azure: az ml compute list-usage) shows what is left"
    ),
    "az role assignment list --assignee <you>; creating": (
        f"{SERVE} (on Azure: az role assignment list --assignee <you>); creating"
    ),
}


@pytest.mark.parametrize("text", TOLD)
def test_what_works_comes_first(text: str) -> None:
    """The words around the command stay, and a text that has been changed is not changed again."""
    assert on_twin("today", STATE, text) == TOLD[text]
    assert on_twin("today", STATE, TOLD[text]) == TOLD[text]


def test_a_twin_that_leaves_nothing_is_served_anew() -> None:
    """After a preflight there is no folder; another twin of that era says the same."""
    assert on_twin("feb-2025", None, "az ml model list") == (
        "python -m harness twin --era feb-2025 (on Azure: az ml model list)"
    )
