"""The parts of the page about what may be believed: cleanup, findings, plan, conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree.ElementTree import Element

from harness.report.advice import sweep
from harness.report.consistency import is_relative, validate
from harness.report.markup import Child, el
from harness.report.parts import command, note, pairs, section, sign, table
from harness.report.schema import Absent, Finding, Leftover, RunRecord, Target
from harness.report.units import duration
from harness.report.verdict import cleanup as cleanup_words
from harness.report.verdict import cost_words

_SEVERITIES = ("error", "cannot tell", "warning", "info")


def cleanup(record: RunRecord, folder: Path) -> Element:
    """What is left with the command that removes it, then what is gone with its proof.

    `folder` is the run's. What is left in the twin is out of the reach of `az`.
    """
    rows = [
        (thing.kind, el("code", thing.name), duration(thing.seconds), _proof(thing.proof))
        for thing in record.deleted
    ]
    heads = ("kind", "name", "took", "seen to be gone")
    nothing = not record.deleted and not record.leftovers and not record.absent
    return section(
        "cleanup",
        f"Cleanup: {cleanup_words(record)}",
        record.target,
        [_leftover(left, on_azure=record.target == "azure") for left in record.leftovers],
        note("Remove what is left: ", command(sweep(folder))) if record.leftovers else None,
        table(heads, rows) if rows else None,
        note("Nothing was created, so there was nothing to delete.") if nothing else None,
        [_absent(thing) for thing in record.absent],
        note(f"An estimate: {cost}.") if (cost := cost_words(record)) else None,
        note("Crash campaign ", record.campaign) if record.campaign else None,
    )


def findings(record: RunRecord) -> Element | None:
    """What the checks have to say, worst first; None when they are silent."""
    if not record.findings:
        return None
    ordered = sorted(record.findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    items = [_finding(finding) for finding in ordered]
    return section("findings", "Findings", record.target, el("ul", items, class_="findings"))


def contradictions(record: RunRecord) -> Element | None:
    """Where the record disagrees with itself; None when it does not."""
    if not (problems := validate(record)):
        return None
    return section(
        "contradictions",
        "This record contradicts itself",
        record.target,
        el("ul", [el("li", problem) for problem in problems]),
    )


def plan_section(
    plan: Mapping[str, Mapping[str, object]], plan_hash: str, target: Target
) -> Element:
    """Every value of the plan, as resolved."""
    parts = [
        el("div", el("h3", name), pairs((key, _value(value)) for key, value in values.items()))
        for name, values in plan.items()
    ]
    return section(
        "plan",
        "Plan",
        target,
        el("div", parts, class_="columns"),
        note("Plan hash ", el("code", plan_hash)),
    )


def conditions(record: RunRecord) -> Element:
    """What the numbers of this run depend on."""
    on = record.conditions
    load = ", ".join(f"{value:.2f}" for value in on.load)
    rows: list[tuple[str, Child]] = [
        ("Python", on.python),
        ("platform", on.platform),
        ("CPU", f"{on.cpu}, {on.cores} cores"),
        ("load over 1, 5, 15 min", load),
        ("revision", on.git or "not in a git checkout"),
    ]
    packages = sorted(on.packages.items())
    return section(
        "conditions",
        "Conditions",
        record.target,
        el(
            "div",
            el("div", el("h3", "Machine"), pairs(rows)),
            el("div", el("h3", "Packages"), pairs(packages)) if packages else None,
            class_="columns",
        ),
    )


def links(record: RunRecord) -> Element | None:
    """Files beside the page. A link that leads elsewhere is shown as text."""
    items = [
        el("li", el("a", name, href=link) if is_relative(link) else f"{name}: {link}")
        for name, link in record.links.items()
    ]
    return el("ul", items, class_="links") if items else None


def _leftover(left: Leftover, *, on_azure: bool) -> Element:
    return el(
        "div",
        el("p", sign("failed"), " Left behind: ", left.kind, " ", el("code", left.name)),
        el("p", left.why, f" Up to ${left.usd_per_day:,.2f} a day." if left.usd_per_day else None),
        el("p", "To remove only this one: ", command(left.command)) if on_azure else None,
        el("p", "In the studio: ", el("code", left.portal)) if left.portal and on_azure else None,
        class_="leftover",
    )


def _absent(thing: Absent) -> Element:
    return note(
        f"Asked for, and never there: {thing.kind} ",
        el("code", thing.name),
        " ",
        _proof(thing.proof),
    )


def _proof(proof: tuple[str, ...]) -> Child:
    if not proof:
        return el("span", sign("warning"), " no proof")
    return el("span", [el("span", "✓ ", text, class_="proof") for text in proof])


def _finding(finding: Finding) -> Element:
    return el(
        "li",
        el("p", sign(finding.severity), " ", finding.severity, class_=f"status {_tone(finding)}"),
        el("p", finding.what, " ", el("code", finding.thing) if finding.thing else None),
        note("Seen: ", finding.evidence) if finding.evidence else None,
        el("p", "Next: ", command(finding.next)) if finding.next else None,
        note(
            "check ",
            el("code", finding.check),
            f"; who can mend it: {finding.blame}" if finding.blame else None,
        ),
    )


def _tone(finding: Finding) -> str:
    """Not to know is shown as loud as a warning."""
    return "warning" if finding.severity == "cannot tell" else finding.severity


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
