"""The page of a run that has not ended: it runs, or it was killed before it could write its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.report.advice import sweep
from harness.report.evidence import plan_section
from harness.report.html import head
from harness.report.markup import document, el
from harness.report.parts import command, sign
from harness.report.schema import Target
from harness.report.summary import inert_command
from harness.report.units import moment
from harness.report.verdict import GROUNDS

MARK = "has not ended: it is running, or was killed"


@dataclass(frozen=True)
class Begun:
    """What is known of a run when it begins; `folder` is the run's."""

    folder: Path
    scenario: str
    target: Target
    started: datetime
    plan: Mapping[str, Mapping[str, object]]
    plan_hash: str


def write_begun(run: Begun) -> None:
    """index.html and summary.md of the run, until its end writes others."""
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "index.html").write_text(_page(run), encoding="utf-8")
    (run.folder / "summary.md").write_text(_summary(run), encoding="utf-8")


def not_ended(folder: Path) -> str:
    """What there is to say of a run that has a folder and no run.json; "" when it is no run's."""
    if not (folder / "ledger.jsonl").is_file():
        return ""
    return f"{folder.resolve().name} {MARK}. Next: {sweep(folder)}"


def _page(run: Begun) -> str:
    first = el(
        "header",
        el("p", run.scenario, " · ", moment(run.started.isoformat()), class_="overline"),
        el("h1", sign("cannot tell"), el("span", _headline(run), ".")),
        el("p", _HERE, class_="detail"),
        el("p", "Next: ", command(sweep(run.folder)), _TELLS, class_="detail"),
        class_="verdict",
    )
    plan = plan_section(run.plan, run.plan_hash, run.target)
    return document(
        el(
            "html",
            head(f"? {run.scenario}: {_headline(run)}"),
            el("body", el("main", first, plan)),
            lang="en",
        )
    )


def _summary(run: Begun) -> str:
    lines = (
        f"## ? {_headline(run)}",
        f"**Next**: {inert_command(sweep(run.folder))}{_TELLS}",
        f"{run.scenario}, {moment(run.started.isoformat())}, plan {run.plan_hash}. {_HERE}",
    )
    return "\n\n".join(lines) + "\n"


def _headline(run: Begun) -> str:
    return f"This run {GROUNDS[run.target].place} {MARK}"


_HERE = "At its end the report takes this place. What it has done so far stands in its folder."
_TELLS = " says what is left, and deletes it unless the run is still alive."
