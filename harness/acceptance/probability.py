"""The two tail probabilities the gates need; scipy would be 110 MB for these lines.

Compared with scipy to ten digits by the tests of the twin's environment, where it is installed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from statistics import fmean, stdev


def student_tail(t: float, freedom: int) -> float:
    """P(T > t) of Student's t with a whole number of degrees of freedom.

    The finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4; good to 1e-15, not beyond.
    """
    if freedom < 1:
        raise ValueError(f"{freedom} degrees of freedom: at least 1 is needed")
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    angle = math.atan2(abs(t), math.sqrt(freedom))
    inside = _even(angle, freedom) if freedom % 2 == 0 else _odd(angle, freedom)
    tail = max(0.0, (1 - inside) / 2)
    return tail if t >= 0 else 1 - tail


@cache
def student_quantile(tail: float, freedom: int) -> float:
    """The t that is exceeded with probability `tail`, 0 < tail <= 0.5; found by bisection."""
    if not 0 < tail <= 0.5:
        raise ValueError(f"a tail of {tail}: 0 < tail <= 0.5 is needed")
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > tail:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(middle, freedom) > tail else (low, middle)
    return high


def prediction(values: Sequence[float], tail: float) -> tuple[float, float]:
    """Where one more value lies, each limit passed with probability `tail`.

    mean -+ t(n - 1) * s * sqrt(1 + 1/n), for n >= 2 independent values of one normal distribution.
    """
    half = student_quantile(tail, len(values) - 1) * spread(values)
    return fmean(values) - half, fmean(values) + half


def distance(value: float, values: Sequence[float]) -> float:
    """The t of one more value; positive above the mean, infinite when the others do not spread."""
    apart, unit = value - fmean(values), spread(values)
    if unit == 0:
        return 0.0 if apart == 0 else math.copysign(math.inf, apart)
    return apart / unit


def spread(values: Sequence[float]) -> float:
    """The standard deviation of one more value from the mean of these: s * sqrt(1 + 1/n)."""
    return stdev(values) * math.sqrt(1 + 1 / len(values))


def fisher_low(hits: int, of: int, reference_hits: int, reference_of: int) -> float:
    """P(as few hits or fewer among `of`), when both samples have one rate: Fisher's exact test."""
    total, both = reference_of + of, reference_hits + hits
    ways = sum(
        math.comb(both, k) * math.comb(total - both, of - k)
        for k in range(max(0, of - (total - both)), hits + 1)
    )
    return ways / math.comb(total, of)


def binomial_interval(hits: int, of: int, tail: float = 0.025) -> tuple[float, float]:
    """Clopper and Pearson's interval of a rate, each side passed with probability `tail`."""
    low = 0.0 if hits == 0 else _where(lambda p: 1 - _at_most(hits - 1, of, p) >= tail)
    high = 1.0 if hits == of else _where(lambda p: _at_most(hits, of, p) <= tail)
    return low, high


def _where(reached: Callable[[float], bool]) -> float:
    """The least p in [0, 1] for which `reached(p)`, which turns true once."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _at_most(hits: int, of: int, p: float) -> float:
    return math.fsum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(hits + 1))


def _odd(angle: float, freedom: int) -> float:
    total, term = 0.0, math.cos(angle)
    for k in range(1, freedom - 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (k + 1) / (k + 2)
    return 2 / math.pi * (angle + math.sin(angle) * total)


def _even(angle: float, freedom: int) -> float:
    total, term = 0.0, 1.0
    for k in range(0, freedom - 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (k + 1) / (k + 2)
    return math.sin(angle) * total
