"""Every broken file ends in its error, with the line and the rule that was broken.

All 10,000: BROKEN_FILES=10000 .venv/bin/python -m pytest tests/dataset/test_broken_files.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.dataset.prepare import checked
from harness.dataset.rules import RULES, Wanted
from harness.dataset.sources import local
from tests.dataset import broken_lines, broken_rows, broken_wholes
from tests.dataset.breaking import BREAKS, BREAKS_RULE, Broken
from tests.dataset.files import WAYS, Draw, good_rows

COUNT = int(os.environ.get("BROKEN_FILES", "200"))
MODULES = (broken_lines, broken_rows, broken_wholes)  # each adds to BREAKS
EACH = -(-COUNT // len(BREAKS))


@st.composite
def broken_files(draw: Draw, how: str) -> Broken:
    """One good file, broken in one way."""
    rows, way = draw(good_rows()), draw(WAYS)
    at = draw(st.integers(0, len(rows) - 1))
    return BREAKS[how](draw, rows, way, at)


@pytest.mark.parametrize("how", sorted(BREAKS))
@settings(max_examples=EACH, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_a_broken_file_ends_in_its_error(
    tmp_path_factory: pytest.TempPathFactory, how: str, data: st.DataObject
) -> None:
    """Not accepted, no crash; the line and the rule that were broken are told, and no other."""
    broken = data.draw(broken_files(how))
    path = _scratch(tmp_path_factory) / "train.jsonl"
    path.write_bytes(broken.data)

    told = checked(local(path)[0], Wanted(**broken.limits))

    found = {(problem.line, problem.rule) for problem in told.problems}
    assert told.refused
    assert any((broken.line, rule) in found for rule in (broken.rule, *broken.rules)), found
    assert {line for line, _ in found} <= {broken.line, *broken.also}, found
    assert f"train.jsonl:{broken.line}: " in told.complaint() or not broken.line


def _scratch(factory: pytest.TempPathFactory) -> Path:
    return factory.getbasetemp()


def test_every_rule_is_broken_by_some_file() -> None:
    """The list of rules and the ways to break a file cannot drift apart."""
    assert {rule.name for rule in RULES} == set(BREAKS_RULE.values())
