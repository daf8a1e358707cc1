"""What stands in a run's record besides what the run did."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from importlib.metadata import version
from pathlib import Path
from shlex import quote

import pytest

from harness.janitor.ledger import Ledger
from harness.janitor.sweep import main as sweep
from harness.plan_file import read_plan
from harness.record import COMPARISON, begin_reports, record_of, write_reports
from harness.report.html import page
from harness.report.run_record import Finding
from harness.report.summary import closing_line
from harness.run import Run
from harness.sdk import html
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
        target=Target(name="twin"),
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


def test_a_warning_at_the_end_says_what_to_type(run: Run) -> None:
    """A line each, whatever stands in it, with its next command if it has one; what is good to
    know is on the page."""
    for severity, then in (("warning", "type this"), ("cannot tell", ""), ("info", "nothing")):
        run.findings.append(Finding(severity, "a.check", f"a\n\x1b[31m{severity}", "it", then))

    lines = write_reports(run, {})

    assert [line for line in lines if "[a.check]" in line] == [
        "warning: a warning [a.check]; next: type this",
        "cannot tell: a cannot tell [a.check]",
    ]


def compared(run: Run, before: str, after: str) -> Path:
    """The page of a comparison, beside the runs as `sdk diff --page` leaves it."""
    told = {"before": before, "after": after, "requests": [], "behaviour": [], "packages": []}
    file = run.folder.with_name(COMPARISON)
    file.write_text(html.page({**told, "calls": [1, 1]}), encoding="utf-8")
    return file


def test_the_page_links_a_comparison_of_the_release_that_ran(run: Run) -> None:
    """A copy in the run's folder, named by the two releases; the link leads to that."""
    sdk = version("azure-ai-ml")
    file = compared(run, "1.20.0", sdk)

    write_reports(run, {})

    assert (run.folder / COMPARISON).read_bytes() == file.read_bytes()
    text = (run.folder / "index.html").read_text(encoding="utf-8")
    assert f'<a href="{COMPARISON}">what changes: azure-ai-ml 1.20.0 → {sdk}</a>' in text


@pytest.mark.parametrize("other", [None, b"", b"no page", b"\xff", ("1.20.0", "1.30.0")])
def test_a_comparison_of_other_releases_is_not_linked(run: Run, other: object) -> None:
    """Nor is a file that is something else; neither is an error."""
    if isinstance(other, tuple):
        compared(run, *other)
    elif isinstance(other, bytes):
        run.folder.with_name(COMPARISON).write_bytes(other)

    write_reports(run, {})

    assert not (run.folder / COMPARISON).exists()
    assert COMPARISON not in (run.folder / "index.html").read_text(encoding="utf-8")


def test_a_run_that_has_begun_has_a_page(run: Run) -> None:
    """Which says that it has not ended, and how to find out what is left; `latest` leads there.

    Its end takes the place. `sweep` can answer from the first moment on.
    """
    (older := run.folder.with_name("older")).mkdir()
    run.folder.with_name("latest").symlink_to(older)

    begin_reports(run.folder, run.scenario, run.plan)

    here, latest = run.folder, run.folder.with_name("latest")
    assert latest.resolve() == here.resolve()
    text = (latest / "index.html").read_text(encoding="utf-8")
    assert "This run on the twin has not ended: it is running, or was killed." in text
    sweeping = f"python -m harness sweep {quote(str(here))}"
    assert f'Next: <code class="command">{sweeping}</code> says what' in unescape(text)
    assert run.plan.digest() in text
    assert run.plan.compute.size in text
    assert "default-src 'none'" in text
    summary = (latest / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("## ? This run on the twin has not ended")
    assert f"**Next**: `{sweeping}` says what is left" in summary
    assert sweep([str(here)]) == 0

    write_reports(run, {})

    assert "has not ended" not in (latest / "index.html").read_text(encoding="utf-8")
    assert "has not ended" not in (latest / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("own", [True, False], ids=["its own, ended", "a shared one"])
def test_a_run_that_met_faults_says_so(run: Run, own: bool) -> None:
    """Terminal, summary and page: a green run is not taken for one of a twin that did all well."""
    (state := run.folder / "twin").mkdir()
    ready = state / "ready.json" if own else run.folder.with_name("ready.json")
    if not own:
        ready.write_text(json.dumps({"state": str(state)}))
    (struck := state / "faults.struck").write_text("2 lose:job.submit\n1 lags:job.get:seconds=3\n")
    run.target = replace(run.target, ready=ready)

    lines = write_reports(run, {})

    each = "2 faults struck: lose:job.submit (2 times), lags:job.get:seconds=3 (1 time)."
    assert "0 left, 0 deleted, 2 faults struck" in lines[-2]
    assert "- 2 faults struck on the twin: lose:job.submit (2 times), lags" in (
        run.folder / "summary.md"
    ).read_text(encoding="utf-8")
    assert f'<p class="detail">{each}</p>' in (run.folder / "index.html").read_text()
    os.utime(struck, (0, 0))  # of an earlier run
    assert record_of(run, {}).struck == {}


def test_a_run_without_faults_says_nothing_of_them(run: Run) -> None:
    """Nor does one whose twin nobody knows."""
    assert "struck" not in closing_line(record_of(run, {}), run.folder)
    run.target = replace(run.target, ready=run.folder / "ready.json")
    assert "struck" not in page(record_of(run, {}))
