"""The probabilities behind the gates, against published tables and closed forms."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.acceptance.probability import (
    binomial_interval,
    distance,
    fisher_low,
    prediction,
    student_quantile,
    student_tail,
)

# Student's table as printed in textbooks: tail, degrees of freedom, quantile.
TABLE = [
    (0.025, 1, 12.706),
    (0.05, 2, 2.920),
    (0.01, 5, 3.365),
    (0.025, 10, 2.228),
    (0.005, 19, 2.861),
    (0.025, 19, 2.093),
    (0.001, 30, 3.385),
]


@pytest.mark.parametrize(("tail", "freedom", "quantile"), TABLE)
def test_quantiles_are_those_of_the_tables(tail: float, freedom: int, quantile: float) -> None:
    """Three decimals of Student's table, for odd and even degrees of freedom."""
    assert student_quantile(tail, freedom) == pytest.approx(quantile, abs=6e-4)


@given(st.floats(-50, 50), st.integers(1, 200))
def test_tails_are_symmetric_and_fall(t: float, freedom: int) -> None:
    """P(T > t) + P(T > -t) is one, and further out is less likely."""
    assert student_tail(t, freedom) + student_tail(-t, freedom) == pytest.approx(1)
    assert student_tail(t + 0.5, freedom) <= student_tail(t, freedom) + 1e-15


def test_no_degrees_of_freedom_is_an_error() -> None:
    """One run has no spread, and no verdict may be made of it."""
    with pytest.raises(ValueError, match="degrees of freedom"):
        student_tail(1.0, 0)


def test_the_lady_tasting_tea() -> None:
    """Fisher's own example: all eight cups right by chance is one in seventy."""
    assert fisher_low(0, 4, 4, 4) == pytest.approx(1 / 70)
    assert fisher_low(30, 30, 600, 600) == 1.0


def test_binomial_intervals_of_none_and_all() -> None:
    """No hit in 200 leaves up to 1.83 %, by the closed form; all and none mirror each other."""
    low, high = binomial_interval(0, 200)
    assert (low, high) == (0.0, pytest.approx(1 - 0.025 ** (1 / 200)))
    assert binomial_interval(200, 200) == (pytest.approx(1 - high), 1.0)


@pytest.mark.parametrize("tail", [0.05, 0.01])
def test_a_prediction_interval_covers_one_more_value(tail: float) -> None:
    """Over 2,000 normal samples of 20, the next value passes each limit as often as stated."""
    rng = random.Random(7)
    missed = [0, 0]
    for _ in range(2000):
        low, high = prediction([rng.gauss(5, 2) for _ in range(20)], tail)
        value = rng.gauss(5, 2)
        missed[0] += value < low
        missed[1] += value > high

    allowed = 4 * math.sqrt(tail * (1 - tail) / 2000)
    assert [count / 2000 for count in missed] == [pytest.approx(tail, abs=allowed)] * 2


def test_a_prediction_interval_is_wider_than_the_spread() -> None:
    """Of 1 to 5 at 2.5 %: 3 -+ 2.776 * 1.581 * sqrt(6/5), the mean being uncertain as well."""
    assert prediction([1, 2, 3, 4, 5], 0.025) == pytest.approx((-1.809, 7.809), abs=1e-3)


@pytest.mark.parametrize("tail", [-0.1, 0.0, 0.6, math.nan])
def test_a_quantile_of_no_tail_is_refused(tail: float) -> None:
    """There is none, and looking for it would never end."""
    with pytest.raises(ValueError, match="0 < tail"):
        student_quantile(tail, 4)


def test_values_without_spread_allow_no_other() -> None:
    """Where all runs agree, an equal value is at distance 0 and any other infinitely far."""
    assert distance(2.0, [2.0, 2.0, 2.0]) == 0
    assert distance(1.9, [2.0, 2.0, 2.0]) == -math.inf
    assert student_tail(math.inf, 2) == 0
