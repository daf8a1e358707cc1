"""The clock of the latency benchmark: real time when live, what was recorded in a replay."""

from __future__ import annotations

import time

import pytest

from harness.measure.latency import Clock


def measured(clock: Clock, rounds: int) -> list[float]:
    """Milliseconds between pairs of readings, as pytest-benchmark takes them."""
    pairs = [(clock(), clock()) for _ in range(rounds)]
    return [(end - start) * 1000 for start, end in pairs]


def test_it_is_the_real_one_until_told_otherwise() -> None:
    """On a live target nothing stands between the measurement and the processor's clock."""
    clock = Clock()
    before, read, after = time.perf_counter(), clock(), time.perf_counter()

    assert before <= read <= after


def test_it_shows_what_was_recorded() -> None:
    """In order, one sample a round, whatever the replay itself took; more rounds begin again."""
    clock = Clock()
    clock.replay([5.0, 700.0, 0.25])

    assert measured(clock, 4) == pytest.approx([5.0, 700.0, 0.25, 5.0])


def test_it_never_runs_backwards() -> None:
    """pytest-benchmark subtracts readings of one round only, but a clock is a clock."""
    clock = Clock()
    clock.replay([3.0, 1.0])
    readings = [clock() for _ in range(10)]

    assert readings == sorted(readings)


def test_each_replay_begins_with_its_first_sample() -> None:
    """Two scenarios of one session share a clock: the second shows its own samples."""
    clock = Clock()
    clock.replay([1.0])
    clock()
    clock.replay([2.0, 4.0])

    assert measured(clock, 2) == pytest.approx([2.0, 4.0])
