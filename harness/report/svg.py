"""The few things a hand-made chart needs: scales, round ticks, axes, broken lines.

Colours are classes, set in `page.css`, so a chart follows light, dark and print.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from harness.report.markup import Child, el

WIDTH, HEIGHT = 440, 270  # drawn at 340 px on a phone and 520 px on a desk: text stays readable
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 26, 46


@dataclass(frozen=True)
class Scale:
    """A straight line from data (`low` to `high`) to drawing units (`start` to `end`)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands, in drawing units."""
        span = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)


@dataclass(frozen=True)
class Axes:
    """The two scales of a chart of the usual size."""

    x: Scale
    y: Scale


def axes(low_x: float, high_x: float, low_y: float, high_y: float, right: float = RIGHT) -> Axes:
    """Scales over the drawing area; y grows upwards."""
    return Axes(
        Scale(low_x, high_x, LEFT, WIDTH - right),
        Scale(low_y, high_y, HEIGHT - BOTTOM, TOP),
    )


def chart(label: str, *children: Child) -> Element:
    """The drawing itself; `label` is what a screen reader says."""
    box = f"0 0 {WIDTH} {HEIGHT}"
    return el("svg", *children, class_="chart", viewBox=box, role="img", aria_label=label)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, about `wanted`."""
    if not high - low > 1e-300:  # nothing between them a float could number
        return [low]
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * power for unit in (1, 2, 5, 10) if unit * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def frame(
    on: Axes, x_title: str, y_title: str, text: Callable[[float], str] = lambda v: f"{v:g}"
) -> list[Element]:
    """Grid lines, tick texts and the two axis titles."""
    bottom, end = on.y.start, on.x.end
    return [
        *(_y_tick(on, value, text(value)) for value in ticks(on.y.low, on.y.high, 4)),
        *(_x_tick(on, value, text(value)) for value in ticks(on.x.low, on.x.high, 5)),
        el("line", class_="axis", x1=on.x.start, x2=end, y1=bottom, y2=bottom),
        el("text", x_title, class_="title", x=end, y=HEIGHT - 8, text_anchor="end"),
        el("text", y_title, class_="title", x=4, y=13),
    ]


def broken_line(points: Iterable[tuple[float, float | None]], on: Axes) -> str:
    """Path data through the points, interrupted where a value is missing or not finite."""
    parts, pen = [], "M"
    for x, y in points:
        if y is None or not math.isfinite(y):
            pen = "M"
            continue
        parts.append(f"{pen}{on.x(x):.1f} {on.y(y):.1f}")
        pen = "L"
    return " ".join(parts)


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """The same places, pushed up (only as far as needed) until each is `gap` after the one before.

    `wanted` is in rising order.
    """
    placed: list[float] = []
    for place in wanted:
        placed.append(max(place, placed[-1] + gap) if placed else place)
    return placed


def _x_tick(on: Axes, value: float, text: str) -> Element:
    x, bottom = on.x(value), on.y.start
    return el(
        "g",
        el("line", class_="tick", x1=x, x2=x, y1=bottom, y2=bottom + 4),
        el("text", text, x=x, y=bottom + 17, text_anchor="middle"),
        class_="x-tick",
        data_at=repr(value),
    )


def _y_tick(on: Axes, value: float, text: str) -> Element:
    y = on.y(value)
    return el(
        "g",
        el("line", class_="grid", x1=on.x.start, x2=on.x.end, y1=y, y2=y),
        el("text", text, x=on.x.start - 7, y=y + 4, text_anchor="end"),
        class_="y-tick",
        data_at=repr(value),
    )
