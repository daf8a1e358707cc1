"""A run in a few lines: Markdown for a CI job summary, one line for the terminal."""

from __future__ import annotations

import re
from pathlib import Path

from harness.report.advice import next_steps, pieces, usual
from harness.report.markup import clean
from harness.report.parts import SIGNS
from harness.report.schema import RunRecord, StepRecord
from harness.report.units import (
    counted,
    duration,
    first_line,
    gist,
    milliseconds,
    moment,
    percent,
    short,
)
from harness.report.verdict import (
    GROUNDS,
    broken,
    cleanup,
    cost_words,
    each_fault,
    fault_words,
    proof_words,
    reason,
    verdict,
)

LINES = 25  # the most a summary takes
WIDTH = 160  # characters of an error
WHOLE = 4000  # of a command: one that is cut cannot be typed


def summary(record: RunRecord, folder: Path | None = None) -> str:
    """Markdown of at most `LINES` lines; text of the run is escaped, one line each.

    `folder` is the run's, for what is to be typed.
    """
    said, ground = verdict(record), GROUNDS[record.target]
    first, *others = [
        inert_command(text) for text in next_steps(record, folder or usual(record))
    ] or [""]
    sign = SIGNS["passed" if said.green else "failed"]
    head = [
        f"## {sign} {_plain(said.headline, 3 * WIDTH)}",
        "",
        *([f"**Next**: {first}", ""] if first else []),
        f"{_plain(record.scenario)}, {_plain(moment(record.started))}: "
        f"{duration(record.seconds)}, {counted(record.exchanges, 'exchange')}, {_tests(record)}.",
        f"A green run {ground.place} proves: {ground.proves} It does not prove: "
        f"{ground.leaves_open}",
        "",
        "| | step | status | time | exchanges |",
        "|--:|---|---|--:|--:|",
        *(_row(step) for step in record.steps[:9]),
        "",
    ]
    facts = [*_troubles(record), *(f"- **Next**: {text}" for text in others), *_numbers(record)]
    return "\n".join([*head, *_fitting(facts, LINES - len(head))]) + "\n"


def closing_line(record: RunRecord, folder: Path) -> str:
    """One line, the command to type next at its end when something is wrong; `folder` is the run's.

    What is left is told with the one command that deletes all of it.
    """
    said = verdict(record)
    parts = [
        f"{SIGNS['passed' if said.green else 'failed']} {record.scenario}: {said.headline}",
        *([why] if (why := reason(record)) else []),
        f"{_tests(record)}, {duration(record.seconds)}, "
        f"{counted(record.exchanges, 'exchange')}, {cleanup(record)}"
        + (f", {met}" if (met := fault_words(record)) else ""),
        *(f"next: {first_line(text, WHOLE)}" for text in next_steps(record, folder)[:1]),
    ]
    return " ".join(clean("; ".join(part.rstrip(".:") for part in parts)).split())


def inert_command(text: str) -> str:
    """Commands as code, the words around them plain; a backtick in one would end the code."""
    line = clean(first_line(text, WHOLE)).replace("`", "'")
    return "".join(f"`{part}`" if code else _inert(part) for code, part in pieces(line))


def _row(step: StepRecord) -> str:
    why = f": needs {_plain(step.needs)}" if step.needs else ""
    status = f"{SIGNS[step.status]} {step.status}{why}"
    cells = (step.n, _plain(step.title), status, duration(step.seconds), f"{step.exchanges:,}")
    return f"| {' | '.join(map(str, cells))} |"


def _troubles(record: RunRecord) -> list[str]:
    failed = broken(record)
    lines = (
        [f"- **Step {failed[0].n} failed**: {_plain(why, 3 * WIDTH)}"]
        if (why := reason(record))
        else []
    )
    lines += [
        f"- **Step {step.n} failed**: {_plain(gist(step.error or ''))}" for step in failed[1:]
    ]
    lines += [
        f"- **Left behind**: {_plain(left.kind)} {_plain(left.name)}"
        + (f"; on Azure: {inert_command(left.command)}" if record.target == "azure" else "")
        for left in record.leftovers
    ]
    lines += [
        f"- **{finding.severity}**: {_plain(gist(finding.what), 3 * WIDTH)}"
        + (f" {_plain(finding.thing)}" if finding.thing else "")
        for finding in record.findings
        if finding.severity == "error"
    ]
    return lines


def _numbers(record: RunRecord) -> list[str]:
    place = GROUNDS[record.target].place
    lines = [f"- Cleanup {place}: {len(record.leftovers)} left; {proof_words(record)}"]
    if cost := cost_words(record):
        lines[0] += f"; {cost}"
    if met := fault_words(record):
        lines.append(f"- {_plain(f'{met} {place}: {each_fault(record)}', 3 * WIDTH)}")
    if (fit := record.training) is not None:
        falls = [("train", fit.train_fall), ("eval", fit.eval_fall)]
        words = [f"{name} loss fell {percent(fall)}" for name, fall in falls if fall is not None]
        speed = fit.tokens_per_second
        words += [f"{short(speed)} tokens/s"] if speed is not None else []
        lines.append(f"- Training {place}: {', '.join(words) or 'no figures'}")
    if (scoring := record.scoring) is not None:
        ms = scoring.latency_ms
        marks = (("p50", ms.p50), ("p90", ms.p90), ("p99", ms.p99))
        quantiles = ", ".join(f"{name} {milliseconds(value)}" for name, value in marks)
        lines.append(f"- Latency {place}: {quantiles}, n {ms.n:,} ({_plain(scoring.what)})")
    return lines


def _tests(record: RunRecord) -> str:
    tests = record.tests
    failed, skipped = tests.failed + tests.errors, tests.skipped
    rest = (f", {failed} failed" if failed else "") + (f", {skipped} skipped" if skipped else "")
    return f"{counted(tests.passed, 'test')} passed{rest}"


def _fitting(lines: list[str], room: int) -> list[str]:
    """The lines, or as many as fit and a last one that counts the others."""
    if len(lines) <= room:
        return lines
    return [*lines[: room - 1], f"- and {len(lines) - room + 1} more, see the report"]


def _plain(text: str, width: int = WIDTH) -> str:
    """Text of a run as inert Markdown: one line, bounded, nothing in it a mark or a tag."""
    return _inert(clean(first_line(text, width)))


def _inert(line: str) -> str:
    return re.sub(r"([\\`*_\[\]|<>#~&])", r"\\\1", line)
