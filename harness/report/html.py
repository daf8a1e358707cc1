"""One run as one file: `index.html`, complete without scripts, network or other files.

A content security policy in the page forbids it to load anything, so self-containment is kept by
the browser and not only by us.
"""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree.ElementTree import Element

from harness.report import evidence, sections
from harness.report.advice import next_steps, usual
from harness.report.markup import document, el
from harness.report.parts import SIGNS, command, sign
from harness.report.run_record import RunRecord, read
from harness.report.units import counted, duration, moment
from harness.report.verdict import GROUNDS, Verdict, proof_words, verdict

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_html(run_json: Path, out: Path) -> Path:
    """Write the page of `run_json` to `out` (a folder: `out/index.html`); returns the file.

    Raises `RunRecordError` when the record cannot be read.
    """
    target = out if out.suffix == ".html" else out / "index.html"
    text = page(read(run_json), run_json.parent)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, target)
    return target


def page(record: RunRecord, folder: Path | None = None) -> str:
    """The whole page as text; `folder` is the run's, for what is to be typed."""
    said, folder = verdict(record), folder or usual(record)
    mark = SIGNS["passed" if said.green else "failed"]
    title = f"{mark} {record.scenario}: {said.headline}"
    return document(el("html", head(title), _body(record, said, folder), lang="en"))


def head(title: str) -> Element:
    """What every page of ours begins with: its style, and that it may load nothing."""
    return el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("link", rel="icon", href="data:,"),
        _style(),
    )


def _body(record: RunRecord, said: Verdict, folder: Path) -> Element:
    charts = [part for part in (sections.training(record), sections.latency(record)) if part]
    return el(
        "body",
        el(
            "main",
            _first_screen(record, said, folder),
            evidence.contradictions(record),
            sections.timeline(record),
            el("div", charts, class_="side-by-side") if charts else None,
            evidence.cleanup(record, folder),
            evidence.findings(record),
            sections.conversation(record),
            sections.exchanges(record),
            evidence.plan_section(record.plan, record.plan_hash, record.target),
            evidence.conditions(record),
            _foot(record),
        ),
    )


def _first_screen(record: RunRecord, said: Verdict, folder: Path) -> Element:
    state = "passed" if said.green else "failed"
    return el(
        "header",
        el("p", record.scenario, " · ", moment(record.started), class_="overline"),
        el("h1", sign(state), el("span", said.headline, ".")),
        [el("p", detail, class_="detail") for detail in said.details],
        _next_commands(record, folder),
        _tiles(record),
        _claims(record),
        class_=f"verdict {state}",
    )


def _next_commands(record: RunRecord, folder: Path) -> Element | None:
    """What to type now: first whatever stops the bill, then what the checks advise."""
    steps = [" ".join(text.split()) for text in next_steps(record, folder)[:5]]
    if not steps:
        return None
    return el("ul", [el("li", "Next: ", command(text)) for text in steps], class_="next")


def _tiles(record: RunRecord) -> Element:
    tests = record.tests
    bad = tests.failed + tests.errors
    verdict_on_tests = f"{bad} did not" if bad else f"{tests.skipped} skipped"
    passed = sum(step.status == "passed" for step in record.steps)
    return el(
        "dl",
        _tile(f"{passed} of {len(record.steps)}", "steps passed", passed == len(record.steps)),
        _tile(f"{len(record.leftovers)} left", proof_words(record), not record.leftovers),
        _tile(duration(record.seconds), counted(record.exchanges, "exchange")),
        _tile(f"{tests.passed:,} tests", f"passed, {verdict_on_tests}", False if bad else None),
        class_="tiles",
    )


def _tile(value: str, name: str, good: bool | None = None) -> Element:
    """One number; `good` colours it, None leaves it neutral."""
    state = None if good is None else "passed" if good else "failed"
    return el("div", el("dd", value), el("dt", name), class_=state)


def _claims(record: RunRecord) -> Element:
    ground = GROUNDS[record.target]
    return el(
        "div",
        el("p", el("b", "Target"), f"{record.target}: {ground.name}."),
        el("p", el("b", "A green run here proves"), ground.proves),
        el("p", el("b", "It does not prove"), ground.leaves_open),
        class_="claims",
    )


def _foot(record: RunRecord) -> Element:
    return el(
        "footer",
        evidence.links(record),
        el("p", "Run ", el("code", record.run), f", record schema {record.schema}."),
    )


def _style() -> Element:
    return el("style", Path(__file__).with_name("page.css").read_text(encoding="utf-8"))
