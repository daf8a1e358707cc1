"""Small pieces every section of the page is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from harness.report.advice import pieces
from harness.report.markup import Child, el
from harness.report.schema import Target
from harness.report.verdict import GROUNDS

# A shape and a word for each state: colour is never the only sign.
SIGNS = {
    "passed": "✓",
    "failed": "✕",
    "skipped": "-",
    "error": "✕",
    "warning": "!",
    "cannot tell": "?",
    "info": "i",
}


def section(name: str, title: str, target: Target, *children: Child) -> Element:
    """A part of the page; its heading always says which target the content comes from."""
    heading = el("h2", title, " ", el("span", GROUNDS[target].place, class_="place"))
    return el("section", heading, *children, id=name)


def sign(state: str) -> Element:
    """The state as a sign and, for screen readers, as a word."""
    return el("span", SIGNS[state], class_=f"sign {state}", role="img", aria_label=state)


def pairs(rows: Iterable[tuple[str, Child]], class_: str = "pairs") -> Element | None:
    """Names and values; None when there are none."""
    items = [el("div", el("dt", name), el("dd", value)) for name, value in rows]
    return el("dl", items, class_=class_) if items else None


def table(heads: Sequence[str], rows: Iterable[Sequence[Child]], class_: str = "") -> Element:
    """A table that becomes one block a row on a phone, each cell led by its column's name."""
    return el(
        "table",
        el("thead", el("tr", [el("th", head, scope="col") for head in heads])),
        el("tbody", [el("tr", _cells(heads, row)) for row in rows]),
        class_=class_ or None,
    )


def figures(rows: Iterable[tuple[str, str]]) -> Element:
    """Numbers worth a glance, large, each with its name below."""
    return el(
        "dl",
        [el("div", el("dd", value), el("dt", name)) for value, name in rows],
        class_="figures",
    )


def command(text: str) -> list[Child]:
    """What to type next: its commands as code, the words around them as they are."""
    return [el("code", part, class_="command") if code else part for code, part in pieces(text)]


def note(*children: Child) -> Element:
    """Small print under a drawing or table."""
    return el("p", *children, class_="note")


def _cells(heads: Sequence[str], row: Sequence[Child]) -> list[Element]:
    return [el("td", cell, data_head=head) for head, cell in zip(heads, row, strict=True)]
