"""Latency: nearest-rank percentiles over raw samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.latency import percentile, summarized
from harness.report.run_record import Latency

SAMPLES = st.lists(st.floats(0.001, 1e6), min_size=1)


@given(SAMPLES, st.floats(0.1, 100))
def test_percentile_is_a_sample_that_enough_do_not_exceed(samples: list[float], p: float) -> None:
    """Nearest rank: an observed value, at or above p percent of the samples, and the smallest."""
    value = percentile(samples, p)

    at_or_below = sum(sample <= value for sample in samples)
    below = sum(sample < value for sample in samples)
    assert value in samples
    assert at_or_below >= p / 100 * len(samples) - 1e-9
    assert below < p / 100 * len(samples) + 1e-9


def test_summary_of_three() -> None:
    """Every figure is one a reader can check by hand."""
    assert summarized([3.0, 1.0, 2.0]) == Latency(
        n=3, p50=2.0, p90=3.0, p99=3.0, mean=2.0, min=1.0, max=3.0
    )


def test_no_samples_is_an_error() -> None:
    """A percentile of nothing is not zero."""
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)
