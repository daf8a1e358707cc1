"""The page of a run that has not ended: it runs, or it was killed before it could write its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from harness.report.advice import sweep
from harness.report.markup import document, el

PAGE = "index.html"


def write_begun(folder: Path, scenario: str, target: str, started: datetime) -> None:
    """index.html and summary.md of the run in `folder`, until its end writes others."""
    told = begun(folder, scenario, target, started)
    head = el("head", el("meta", charset="utf-8"), el("title", told[0]))
    body = el("body", el("h1", told[0]), [el("p", line) for line in told[1:]])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(document(el("html", head, body, lang="en")), encoding="utf-8")
    (folder / "summary.md").write_text("\n\n".join((f"## ? {told[0]}", *told[1:], "")), "utf-8")


def begun(folder: Path, scenario: str, target: str, started: datetime) -> tuple[str, ...]:
    """What there is to say of it."""
    return (
        f"{scenario} on target {target} has not ended",
        f"Begun {started:%Y-%m-%d %H:%M:%S} UTC: it is still running, or it was killed before it "
        "could write its report. What it did stands in the other files of its folder.",
        f"Next: {sweep(folder)}",
    )
