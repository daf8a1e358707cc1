"""A sample is fair, seeded, in the order of the file; the first percent are those of datasets."""

from __future__ import annotations

from collections import Counter

import pytest
from datasets import ReadInstruction
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.dataset.reservoir import sampled, share


def sample(rows: int, size: int, seed: int) -> list[int]:
    """Which of so many rows are drawn."""
    lines = (f"{number}\n".encode() for number in range(rows))
    return [int(line) for line in sampled(lines, size, seed)]


@given(rows=st.integers(0, 300), size=st.integers(1, 40), seed=st.integers(0, 1 << 30))
def test_so_many_different_rows_in_their_order(rows: int, size: int, seed: int) -> None:
    """All of them when there are no more; twice with a seed is the same."""
    drawn = sample(rows, size, seed)

    assert len(drawn) == min(rows, size)
    assert drawn == sorted(set(drawn))
    assert drawn == sample(rows, size, seed)


def test_each_row_has_the_same_chance() -> None:
    """Chi-square over 4,000 seeds, at one in a million by accident."""
    times, rows, size = 4_000, 50, 5
    counts = Counter(number for seed in range(times) for number in sample(rows, size, seed))
    due = times * size / rows

    chi = sum((counts[number] - due) ** 2 / due for number in range(rows)) / (1 - size / rows)

    assert chi < 109  # 49 degrees of freedom: 108.5 is one in a million


@pytest.mark.parametrize(
    ("rows", "taken"), [(207_865, 10_393), (23_110, 1_156), (256_032, 12_802), (28_304, 1_415)]
)
def test_the_recipes_share_of_ultrachat(rows: int, taken: int) -> None:
    """The first five percent, as recorded of the recipe."""
    assert share(rows, 5) == taken


@settings(deadline=None)
@given(rows=st.integers(1, 300_000), percent=st.integers(1, 100))
def test_the_share_is_that_of_datasets(rows: int, percent: int) -> None:
    """For any number of rows, halves included."""
    absolute = ReadInstruction.from_spec(f"a[0%:{percent}%]").to_absolute({"a": rows})[0]

    assert share(rows, percent) == absolute.to - absolute.from_
