"""Building HTML and SVG as a tree, so that escaping is not something to remember.

Every string becomes a text node; only the serializer of the standard library writes `<`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, tostring

Child = Element | str | int | float | None | Iterable["Child"]

# Terminal colours in an error text, and what neither HTML nor XML may contain.
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_ILLEGAL = re.compile(
    "[^\t\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]"
)


def el(tag: str, *children: Child, **attributes: str | int | float | None) -> Element:
    """One element. Strings are text, None is nothing, lists are spread.

    `class_` and `data_ms` become `class` and `data-ms`; attributes that are None are left out.
    """
    named = {
        name.rstrip("_").replace("_", "-"): clean(_text(value))
        for name, value in attributes.items()
        if value is not None
    }
    element = Element(tag, named)
    _fill(element, children)
    return element


def clean(text: str) -> str:
    """The same text without terminal colours; characters no page may hold become U+FFFD."""
    plain = _ANSI.sub("", text).replace("\r\n", "\n")
    return _ILLEGAL.sub("\ufffd", plain)


def document(root: Element) -> str:
    """The whole page as text."""
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _fill(element: Element, children: Iterable[Child]) -> None:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Element):
            element.append(child)
        elif isinstance(child, str | int | float):
            _add_text(element, clean(_text(child)))
        else:
            _fill(element, child)


def _add_text(element: Element, text: str) -> None:
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _text(value: str | int | float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
