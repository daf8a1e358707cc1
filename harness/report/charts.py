"""The three drawings of the page: losses, latencies, exchanges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from harness.report import svg
from harness.report.markup import el
from harness.report.schema import ExchangeRecord, Latency, Point, Training
from harness.report.units import milliseconds, short

BINS = 28
ROWS = 30  # the most rows one step takes in the waterfall
ROW_HEIGHT = 4  # drawing units, and pixels: the waterfall is stretched sideways only


def losses(training: Training) -> Element | None:
    """Train and eval loss over optimiser steps, each line named at its end; None without data."""
    lines = [("train", _finite(training.train_loss)), ("eval", _finite(training.eval_loss))]
    drawn = [point for _, points in lines for point in points]
    if not drawn:
        return None
    on = svg.axes(0, max(x for x, _ in drawn) or 1, *_room([y for _, y in drawn]), right=84)
    series = {"train": training.train_loss, "eval": training.eval_loss}
    return svg.chart(
        "Train and eval loss over optimiser steps",
        *svg.frame(on, "optimiser step", "loss (nats per token)"),
        *(_line(series[name], name, on) for name, _ in lines),
        *_line_ends([(name, points[-1]) for name, points in lines if points], on),
    )


def learning_rate(training: Training) -> Element | None:
    """The learning rate as a small line of its own; None without data."""
    points = _finite(training.learning_rate)
    if not points:
        return None
    steps, rates = zip(*points, strict=True)
    on = svg.Axes(
        svg.Scale(0, max(steps) or 1, 2, svg.WIDTH - 2), svg.Scale(0, max(rates) or 1, 46, 4)
    )
    path = el("path", class_="line rate", d=svg.broken_line(training.learning_rate, on))
    label = f"Learning rate, at most {short(max(rates))}"
    box = f"0 0 {svg.WIDTH} 50"
    return el("svg", path, class_="chart", viewBox=box, role="img", aria_label=label)


def histogram(samples_ms: Sequence[float], ms: Latency) -> Element | None:
    """How many requests took how long, with p50, p90 and p99 marked; None without samples."""
    samples = [sample for sample in samples_ms if math.isfinite(sample)]
    if not samples:
        return None
    bins = histogram_bins(samples, ms)
    highest = max(bins.counts)
    on = svg.axes(bins.low, bins.high, 0, max(highest * 1.04, 4))
    return svg.chart(
        f"Latency of {len(samples)} requests: p50 {milliseconds(ms.p50)}, "
        f"p90 {milliseconds(ms.p90)}, p99 {milliseconds(ms.p99)}",
        *svg.frame(on, "milliseconds a request", ""),
        el("text", "requests", class_="title", x=4, y=13),
        *(_bin(index, bins, on) for index, count in enumerate(bins.counts) if count),
        *_marks(ms, on),
    )


@dataclass(frozen=True)
class Bins:
    """Equal bins from `low` to `high` ms; `beyond` samples are slower than `high`."""

    low: float
    high: float
    counts: tuple[int, ...]
    beyond: int


def histogram_bins(samples_ms: Sequence[float], ms: Latency) -> Bins:
    """Bins up to p99 and a bit; a far slower rest is counted, not drawn: it would flatten all."""
    slowest, fastest = max(samples_ms), min(samples_ms)
    high = slowest if slowest <= 2 * ms.p99 else 1.25 * ms.p99
    low = 0.0 if fastest < high / 3 else fastest - (high - fastest) / 20
    high = max(high, low + 1e-6) * 1.0001  # the slowest sample falls into the last bin
    number = max(6, min(BINS, round(2 * math.sqrt(len(samples_ms)))))
    counts = [0] * number
    for sample in samples_ms:
        place = math.floor((sample - low) / (high - low) * number)
        if place < number:
            counts[max(place, 0)] += 1
    return Bins(low, high, tuple(counts), len(samples_ms) - sum(counts))


def waterfall(exchanges: Sequence[ExchangeRecord], start: float, end: float) -> Element:
    """One thin bar an exchange, in the order they began; details on hover.

    Drawn 1000 units wide and stretched to the page. Past `ROWS` exchanges neighbours share a row,
    so that a long poll does not make a long page.
    """
    rows = min(len(exchanges), ROWS)
    on = svg.Scale(start, end, 0, 1000)
    bars = [
        _bar(exchange, on, index * rows // len(exchanges) * ROW_HEIGHT)
        for index, exchange in enumerate(exchanges)
    ]
    height = rows * ROW_HEIGHT
    return el(
        "svg",
        bars,
        class_="waterfall",
        viewBox=f"0 0 1000 {height}",
        preserveAspectRatio="none",
        style=f"height:{height}px",
        role="img",
        aria_label=f"{len(exchanges)} exchanges over {end - start:.2f} seconds",
    )


def kind(exchange: ExchangeRecord) -> str:
    """`answered`, `refused` (a status of 400 or above) or `broken` (no answer came)."""
    if exchange.status is None:
        return "broken"
    return "refused" if exchange.status >= 400 else "answered"


def _finite(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if y is not None and math.isfinite(y)]


def _room(values: Sequence[float]) -> tuple[float, float]:
    """The range of the values with a little air: a loss axis need not begin at zero."""
    low, high = min(values), max(values)
    air = (high - low) * 0.08 or abs(high) * 0.05 or 1.0
    return low - air, high + air


def _line(points: Sequence[Point], name: str, on: svg.Axes) -> list[Element]:
    path = el("path", class_=f"line {name}", d=svg.broken_line(points, on))
    if name == "train":
        return [path]
    dots = [
        el("circle", class_=f"dot {name}", cx=on.x(x), cy=on.y(y), r=2.6)
        for x, y in _finite(points)
    ]
    return [path, *dots]


def _line_ends(ends: list[tuple[str, tuple[float, float]]], on: svg.Axes) -> list[Element]:
    rising = sorted(ends, key=lambda end: on.y(end[1][1]))
    places = svg.apart([on.y(y) + 4 for _, (_, y) in rising], 15)
    return [
        el("text", f"{name} {short(y)}", class_=f"end {name}", x=on.x(x) + 8, y=place)
        for (name, (x, y)), place in zip(rising, places, strict=True)
    ]


def _bin(index: int, bins: Bins, on: svg.Axes) -> Element:
    width = (bins.high - bins.low) / len(bins.counts)
    begin, end = bins.low + index * width, bins.low + (index + 1) * width
    count = bins.counts[index]
    title = f"{short(begin)} to {milliseconds(end)}: {count} requests"
    left, top = on.x(begin), on.y(count)
    return el(
        "rect",
        el("title", title),
        class_="bin",
        x=left + 0.5,
        y=top,
        width=max(on.x(end) - left - 1, 0.5),
        height=on.y.start - top,
    )


def _marks(ms: Latency, on: svg.Axes) -> list[Element]:
    """The three percentile lines; texts that would collide move right and keep their line."""
    named = [("p50", ms.p50), ("p90", ms.p90), ("p99", ms.p99)]
    named = [(name, value) for name, value in named if on.x.low <= value <= on.x.high]
    texts = svg.apart([on.x(value) for _, value in named], 30)
    overflow = max(0.0, texts[-1] + 13 - svg.WIDTH) if texts else 0.0
    return [
        el(
            "g",
            el("line", x1=on.x(value), x2=on.x(value), y1=svg.TOP, y2=on.y.start),
            el("text", name, x=text - overflow, y=svg.TOP - 5, text_anchor="middle"),
            class_="mark",
            data_name=name,
            data_ms=repr(value),
        )
        for (name, value), text in zip(named, texts, strict=True)
    ]


def _bar(exchange: ExchangeRecord, on: svg.Scale, top: int) -> Element:
    answer = exchange.status if exchange.status is not None else exchange.error or "no answer"
    title = (
        f"{exchange.operation} · {answer} · {milliseconds(exchange.seconds * 1000)}\n"
        f"{exchange.method} {exchange.host}{exchange.path}\n+{exchange.at:.2f} s"
    )
    left = on(exchange.at)
    width = max(on(exchange.at + exchange.seconds) - left, 2.5)
    return el(
        "rect",
        el("title", title),
        class_=kind(exchange),
        x=min(left, 1000 - width),
        y=top,
        width=width,
        height=ROW_HEIGHT - 1,
    )
