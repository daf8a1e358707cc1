"""What is drawn is where the numbers say."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import charts, svg
from harness.report.run_record import ExchangeRecord, Latency, RunRecord, Training

milliseconds = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=300)


def figures(samples: list[float]) -> Latency:
    """Nearest-rank percentiles of some samples."""
    ordered, n = sorted(samples), len(samples)
    p50, p90, p99 = (ordered[math.ceil(share * n) - 1] for share in (0.5, 0.9, 0.99))
    return Latency(n, p50, p90, p99, math.fsum(ordered) / n, ordered[0], ordered[-1])


def ruler(drawing: Element) -> list[tuple[float, float]]:
    """Value and place of every tick of the x axis, as drawn."""
    found = [group for group in drawing.iter("g") if group.get("class") == "x-tick"]
    return [(float(g.attrib["data-at"]), float(g[0].attrib["x1"])) for g in found]


def test_percentile_marks_stand_at_their_value(passed_run: RunRecord) -> None:
    """Read against the drawn ticks, each mark shows its own milliseconds."""
    assert passed_run.scoring is not None
    drawing = charts.histogram(passed_run.scoring.samples_ms, passed_run.scoring.latency_ms)
    assert drawing is not None
    (low, left), *_, (high, right) = ruler(drawing)
    marks = [group for group in drawing.iter("g") if group.get("class") == "mark"]

    scale = (high - low) / (right - left)
    read = {
        mark.attrib["data-name"]: low + (float(mark[0].attrib["x1"]) - left) * scale
        for mark in marks
    }

    ms = passed_run.scoring.latency_ms
    assert read == pytest.approx({"p50": ms.p50, "p90": ms.p90, "p99": ms.p99}, abs=0.05)


@given(milliseconds)
def test_every_sample_is_counted_once(samples: list[float]) -> None:
    """Bins and the count beyond them add up to n, and p99 is always on the axis."""
    bins = charts.histogram_bins(samples, figures(samples))

    assert len(samples) == sum(bins.counts) + bins.beyond
    assert bins.low <= figures(samples).p50 <= figures(samples).p99 <= bins.high


@given(milliseconds)
def test_the_histogram_stays_inside_its_box(samples: list[float]) -> None:
    """Whatever was measured: three marks, nothing drawn outside, no NaN."""
    drawing = charts.histogram(samples, figures(samples))
    assert drawing is not None
    names = ("x", "x1", "x2")
    places = [float(e.attrib[k]) for e in drawing.iter() for k in names if k in e.attrib]

    assert sum(group.get("class") == "mark" for group in drawing.iter("g")) == 3
    assert all(0 <= place <= svg.WIDTH for place in places)


def test_one_far_slower_request_does_not_flatten_the_rest() -> None:
    """An outlier is counted as beyond the axis, so that the others keep their shape."""
    samples = [20 + index % 10 for index in range(400)] + [9_000.0]
    bins = charts.histogram_bins(samples, figures([float(s) for s in samples]))

    assert bins.beyond == 1
    assert sum(count > 0 for count in bins.counts) > 5


def test_equal_samples_can_be_drawn() -> None:
    """A clock too coarse to tell requests apart is no reason to fail."""
    assert charts.histogram([5.0] * 30, figures([5.0] * 30)) is not None


def test_no_data_no_drawing() -> None:
    """Nothing measured is left out, not drawn as an empty frame."""
    nothing = Training(train_loss=((1.0, None),))

    assert charts.losses(nothing) is None
    assert charts.learning_rate(nothing) is None
    assert charts.histogram([], Latency(0, 0, 0, 0, 0, 0, 0)) is None


@given(
    st.lists(
        st.tuples(st.floats(0, 1e6), st.none() | st.floats(-1e6, 1e6) | st.just(math.nan)),
        max_size=60,
    )
)
def test_any_series_can_be_drawn(points: list[tuple[float, float | None]]) -> None:
    """Gaps and NaN interrupt the line; every finite point is on it."""
    drawn = [loss for _, loss in points if loss is not None and not math.isnan(loss)]
    drawing = charts.losses(Training(train_loss=tuple(points)))
    if drawing is None:
        assert drawn == []
        return

    path = next(e for e in drawing.iter("path") if e.get("class") == "line train").attrib["d"]

    assert len(drawn) == len(re.findall("[ML]", path))
    assert "nan" not in path


def test_axes_carry_titles_and_units(passed_run: RunRecord) -> None:
    """Both axes of the training curve say what they show, both lines are named at their end."""
    assert passed_run.training is not None
    drawing = charts.losses(passed_run.training)
    assert drawing is not None
    text = " ".join(drawing.itertext())

    for words in ("optimiser step", "loss (nats per token)", "train 3.49", "eval 3.61"):
        assert words in text


def test_line_ends_never_overlap() -> None:
    """Two losses that end at the same value are still two readable names."""
    same = ((0.0, 5.0), (10.0, 3.0))
    drawing = charts.losses(Training(train_loss=same, eval_loss=same))
    assert drawing is not None
    ends = [float(e.attrib["y"]) for e in drawing.iter("text") if "end " in e.get("class", "")]

    assert abs(ends[0] - ends[1]) >= 15


def test_a_long_poll_does_not_make_a_long_page(passed_run: RunRecord) -> None:
    """5,000 exchanges keep one bar each and the height of 30 rows."""
    first = passed_run.exchange_log[0]
    log = [replace(first, at=index * 5.0) for index in range(5_000)]

    drawing = charts.waterfall(log, 0, 25_000)

    assert len(list(drawing.iter("rect"))) == 5_000
    assert f"0 0 1000 {charts.ROWS * charts.ROW_HEIGHT}" == drawing.attrib["viewBox"]


def test_bars_stand_where_their_exchange_was() -> None:
    """Left edge is when it began, width is how long it took; the title says it in words."""
    one = ExchangeRecord(5, "job.get", "GET", "h", "/p", 503, at=2.0, seconds=1.0)

    bar = next(charts.waterfall([one], start=0.0, end=10.0).iter("rect"))

    assert (float(bar.attrib["x"]), float(bar.attrib["width"])) == (200.0, 100.0)
    assert bar.attrib["class"] == "refused"
    assert "job.get · 503 · 1,000 ms" in "".join(bar.itertext())


@given(st.floats(-1e9, 1e9), st.floats(1e-6, 1e9))
def test_ticks_are_few_and_inside(low: float, span: float) -> None:
    """Whatever the range, ticks rise, stay inside it and do not crowd."""
    high = low + span
    marks = svg.ticks(low, high)

    assert marks == sorted(marks)
    assert len(marks) <= 7
    slack = max(abs(low), abs(high)) * 1e-9 + span * 1e-6
    assert all(low - slack <= mark <= high + slack for mark in marks)
