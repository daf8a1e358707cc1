"""What a comparison found, and the matrix, as one page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from harness import report
from harness.report.markup import document, el
from harness.wire_diff.change import SEVERITIES

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_MORE = """
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
td, th { text-align: left; vertical-align: top; padding: 6px 12px 6px 0;
  border-top: 1px solid var(--rule); }
"""
_TWIN = "Target: the twin. It proves how releases fit this recipe, and nothing about Azure."


def page(told: Mapping[str, Any]) -> str:
    """The page of `sdk diff`, from its JSON."""
    found = [*told["requests"], *told["behaviour"]]
    counts = [(sum(each["severity"] == s for each in found), s) for s in SEVERITIES]
    title = f"azure-ai-ml {told['before']} → {told['after']}"
    calls = f"{told['calls'][0]} calls before, {told['calls'][1]} after"
    return _page(
        title,
        [
            el("h1", title),
            el("p", ", ".join(f"{n} {severity}" for n, severity in counts), f"; {calls}."),
            el("p", _TWIN),
            [_changes(severity, found) for severity in SEVERITIES],
            _packages(told["packages"]),
        ],
    )


def matrix_page(head: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str]) -> str:
    """The page of `sdk matrix`, from the cells of its table."""
    return _page(
        "Releases of azure-ai-ml",
        [
            el("h1", "Releases of azure-ai-ml"),
            el("p", _TWIN),
            _table(head, [[cell.replace("`", "").replace("**", "") for cell in r] for r in rows]),
            el("ul", [el("li", note) for note in notes]),
        ],
    )


def _changes(severity: str, found: Sequence[Mapping[str, Any]]) -> Element | None:
    rows = [
        [
            f"{each['operation']} (step {each['step']})" if each["operation"] else "",
            " ".join([each["kind"], each["where"]]).strip(),
            each["before"] or "absent",
            each["after"] or "absent",
            each["why"],
        ]
        for each in found
        if each["severity"] == severity
    ]
    if not rows:
        return None
    return el(
        "section",
        el("h2", severity),
        _table(["operation", "what", "before", "after", "because"], rows),
    )


def _packages(told: Sequence[str]) -> Element | None:
    if not told:
        return None
    items = [el("li", each) for each in told]
    return el("section", el("h2", "Other packages that differ"), el("ul", items))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Element:
    body = [el("tr", [el("td", cell) for cell in row]) for row in rows]
    return el("table", el("tr", [el("th", cell) for cell in head]), body)


def _page(title: str, parts: Any) -> str:
    css = Path(report.__file__).with_name("page.css").read_text(encoding="utf-8")
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", title),
        el("style", css, _MORE),
    )
    return document(el("html", head, el("body", el("main", parts)), lang="en"))
