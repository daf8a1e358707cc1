"""What stands in a run's record besides what the run did."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.janitor.ledger import Ledger
from harness.plan_file import read_plan
from harness.record import record_of
from harness.report.html import page
from harness.run import Run
from harness.targets.target import Target

PLAN = Path(__file__).parents[1] / "scenarios" / "finetune_chat" / "plan.toml"
TOLD = {"target": "twin", "ended": "2026-11-22T21:05:01+00:00", "line": "killed at 9 of 9 points"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One that never began, its folder beside those of others."""
    (folder := tmp_path / "reports" / "now").mkdir(parents=True)
    return Run(
        scenario="finetune_chat",
        plan=read_plan(PLAN, "twin"),
        folder=folder,
        target=Target(name="twin", proves="nothing"),
        ledger=Ledger(folder / "ledger.jsonl"),
        started=datetime.now(UTC),
    )


def test_the_page_tells_what_the_newest_crash_campaign_found(run: Run) -> None:
    """Its line, who was asked and when, beside what this run deleted."""
    run.folder.with_name("crash.json").write_text(json.dumps(TOLD))

    record = record_of(run, {})

    assert (
        record.campaign == "on the twin, ended 2026-11-22T21:05:01+00:00: killed at 9 of 9 points"
    )
    assert f"Crash campaign {record.campaign}" in page(record)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "no JSON"])
def test_without_a_campaign_nothing_is_told(run: Run, text: str | None) -> None:
    """No file, or one that is something else, is no campaign and no error."""
    if text is not None:
        run.folder.with_name("crash.json").write_text(text)

    record = record_of(run, {})

    assert record.campaign == ""
    assert "Crash campaign" not in page(record)
