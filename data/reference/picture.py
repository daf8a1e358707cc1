"""How far planted bugs lie from the reference, drawn."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element, tostring

from harness.report.markup import el

WIDTH, LEFT, RIGHT, TOP, ROW = 860, 200, 20, 54, 24
COLOURS = {"eval_loss": "#2563eb", "late_train_loss": "#d97706", "rouge_gain": "#059669"}
TICKS = (-1000, -100, -10, -3, 0, 3, 10, 100, 1000)

Row = tuple[str, dict[str, list[float]]]  # its name, and distances by measure


def drawn(rows: list[Row], limit: float) -> str:
    """One line a row, one dot a run and measure; accepted is what lies in the band.

    Distances are in t, on a scale that is linear near 0 and logarithmic far off.
    """
    height = TOP + ROW * len(rows) + 30
    bottom = TOP + ROW * len(rows)
    picture = el(
        "svg",
        el("rect", width=WIDTH, height=height, fill="#ffffff"),
        el(
            "rect",
            x=_x(-limit),
            y=TOP,
            width=_x(limit) - _x(-limit),
            height=ROW * len(rows),
            fill="#e5e7eb",
        ),
        [_tick(value, bottom) for value in TICKS],
        [_row(n, name, found) for n, (name, found) in enumerate(rows)],
        _legend(),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        font_family="system-ui, sans-serif",
        font_size="12",
        aria_label="Distance of clean runs and of planted bugs from the reference, in t",
    )
    return tostring(picture, encoding="unicode") + "\n"


def _x(t: float) -> float:
    most = math.asinh(5000)
    at = max(-most, min(most, math.asinh(t)))
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (at + most) / (2 * most), 1)


def _tick(value: int, bottom: int) -> list[Element]:
    x = _x(value)
    return [
        el("line", x1=x, x2=x, y1=TOP, y2=bottom, stroke="#d1d5db"),
        el("text", f"{value:+d}" if value else "0", x=x, y=bottom + 16, text_anchor="middle"),
    ]


def _row(number: int, name: str, found: dict[str, list[float]]) -> list[Element]:
    middle = TOP + ROW * number + ROW / 2
    dots = [
        el(
            "circle",
            cx=_x(t),
            cy=middle + 5 * (place - 1),
            r=2.6,
            fill=COLOURS[measure],
            fill_opacity=0.55,
        )
        for place, (measure, distances) in enumerate(found.items())
        for t in distances
    ]
    return [el("text", name, x=LEFT - 10, y=middle + 4, text_anchor="end"), *dots]


def _legend() -> list[Element]:
    made: list[Element] = [
        el(
            "text",
            "distance from the reference (t); the grey band is accepted",
            x=LEFT,
            y=18,
            font_weight="600",
        )
    ]
    for n, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 150 * n
        made += [el("circle", cx=x + 5, cy=36, r=4, fill=colour), el("text", name, x=x + 14, y=40)]
    return made
