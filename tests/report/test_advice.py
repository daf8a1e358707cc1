"""What to type next is the same everywhere, and what is code in it can be pasted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.report.advice import next_steps, pieces
from harness.report.html import page
from harness.report.run_record import Finding, RunRecord
from harness.report.summary import closing_line, summary
from harness.report.verdict import reason

TOLD = {
    "run again; python -m harness twin --show (on Azure: az ml compute show --name c) tells what": [
        "python -m harness twin --show",
        "az ml compute show --name c",
    ],
    "less 'my log' shows why": ["less 'my log'"],
    "--set 'a.b=[\"x y\"]' keeps the plan's value": ["--set 'a.b=[\"x y\"]'"],
    "pytest scenarios --set a=1  # step 9 deletes it": ["pytest scenarios --set a=1"],
    "correct the fault; docs/faults.md has all kinds": [],
    "az login, or set AZURE_CLIENT_ID; without Azure: make run.": ["az login", "make run"],
    "set compute.size in the plan or with --set to one of A, B": [],
    "make it ask once, or sed it; less is more; run it (az ml job list --all) again": [
        "az ml job list --all"
    ],
    "less twin.log prints it; pytest scenarios --target twin once more": [
        "less twin.log",
        "pytest scenarios --target twin",
    ],
    "python -m harness.twin --state s is running; tail -n 50 a/*/b.txt where it is": [
        "python -m harness.twin --state s",
        "tail -n 50 a/*/b.txt",
    ],
    "make clean light, then HARNESS_TWIN=x .venv/bin/python -m harness sdk matrix --again here": [
        "make clean light",
        "HARNESS_TWIN=x .venv/bin/python -m harness sdk matrix --again",
    ],
    "python -m pip uninstall mlflow; git checkout -- cassettes in its folder": [
        "python -m pip uninstall mlflow",
        "git checkout -- cassettes",
    ],
}


@pytest.mark.parametrize("text", TOLD)
def test_commands_are_told_from_prose(text: str) -> None:
    """Each from its first word to where somebody speaks again; no letter is lost."""
    found = list(pieces(text))

    assert "".join(part for _, part in found) == text
    assert [part for code, part in found if code] == TOLD[text]


def test_an_error_without_a_finding_has_its_next_everywhere(failed_run: RunRecord) -> None:
    """Terminal, page and summary take it from the step's own error."""
    broken = failed_run.steps[4]
    error = "StepError: the answer was lost.\nNext: pytest scenarios --target twin"
    steps = (*failed_run.steps[:4], replace(broken, error=error), *failed_run.steps[5:])
    record = replace(failed_run, steps=steps, findings=(), leftovers=())

    assert next_steps(record, Path("x")) == ["pytest scenarios --target twin"]
    assert closing_line(record, Path("x")).endswith("; next: pytest scenarios --target twin")
    assert "\n**Next**: `pytest scenarios --target twin`\n" in summary(record)
    assert 'Next: <code class="command">pytest scenarios --target twin</code>' in page(record)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("MissError: another plan (a, now b):\n  a.b: recorded 1, now 2\n  \nNext: x", "now 2"),
        ("DeployError: not healthy: BadRequest\n---\nNext: x", "DeployError: not healthy"),
        ("RefusedError: the cluster was refused:\n  no cores\nNext: x", "was refused: no cores"),
        (
            "RefusedError: it was refused:\n  Dedicated: none\n  LowPriority: few\nNext: x",
            "it was refused: Dedicated: none; LowPriority: few",
        ),
        (
            "DeployError: it has crashed\n--- last log lines ---\nFailed\n\nLogs:\n---\nNext: x",
            "DeployError: it has crashed",
        ),
        ("StepError: no answer (HTTPConnection(host='h')):\nNext: x", "(HTTPConnection(host='h'))"),
    ],
)
def test_the_reason_is_a_line_that_says_something(
    failed_run: RunRecord, error: str, why: str
) -> None:
    """Neither an empty line nor a rule, and no colon with nothing behind it."""
    steps = (*failed_run.steps[:4], replace(failed_run.steps[4], error=error))
    said = reason(replace(failed_run, steps=steps, findings=()))

    assert why in said
    assert "Logs" not in said
    assert "(no message)" not in said
    assert not said.endswith((":", "-"))


def test_a_run_that_never_began_says_what_differs(passed_run: RunRecord) -> None:
    """The second line has it; nothing is said to be about `(no message)`."""
    what = "recorded with another plan (a, now b):\n  training.max_steps: recorded None, now 20"
    record = replace(
        passed_run,
        outcome="failed",
        steps=tuple(replace(step, status="skipped") for step in passed_run.steps),
        findings=(Finding("error", "target", what, "", "undo the change"),),
    )
    decisive = "(a, now b): training.max_steps: recorded None, now 20"

    assert f"{decisive}; " in closing_line(record, Path("x"))
    assert decisive in page(record).split("</h1>")[0]
    text = summary(record)
    assert text.count(decisive.replace("_", r"\_")) == 2
    assert "(no message)" not in text
