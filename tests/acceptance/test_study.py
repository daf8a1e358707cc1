"""The page on training acceptance says what the recorded runs say."""

from __future__ import annotations

import pytest

from data.reference.conditions import DATA, hashed
from data.reference.planted import BUGS
from data.reference.study import BEGIN, END, PAGE, PICTURE, picture, tables
from data.reference.trial_inputs import LITERALS
from harness.acceptance.gates import GATES
from harness.acceptance.kind import kind
from harness.acceptance.reference import Kind, Reference, find
from harness.recipe.data import SAMPLE


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The twin's reference, as it ships."""
    found = find("twin", "tiny")
    assert found is not None
    return found


def test_tables_and_picture_are_those_of_the_record(reference: Reference) -> None:
    """Made again from study.jsonl they are the page's. Else: data.reference.study --write."""
    page = PAGE.read_text(encoding="utf-8")

    assert page.split(BEGIN)[1].split(END)[0].strip() == tables(reference).strip()
    assert PICTURE.read_text(encoding="utf-8") == picture(reference)


def test_every_gate_and_bug_is_on_the_page() -> None:
    """By name."""
    page = PAGE.read_text(encoding="utf-8")

    assert [gate for gate in GATES if f"`{gate}`" not in page] == []
    assert [bug.what for bug in BUGS if bug.what not in page] == []


def test_the_reference_is_of_the_data_that_ships(reference: Reference) -> None:
    """Its data and parameters are the present ones: after a change of either, gather anew."""
    present: Kind = kind("twin", "tiny", LITERALS, SAMPLE / "train_sft.jsonl")

    assert present.of == reference.of
    assert reference.conditions["data"] == hashed(DATA)
