"""docs/checks.md names every check as it is, and every promise in it leads to a test."""

from __future__ import annotations

import re

import pytest

from harness import errors
from harness.checks.__main__ import table
from harness.checks.catalogue import CHECKS, STOPS
from tests.checks.made import ROOT
from tests.checks.plants import PLANTS

PAGE = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
CAUGHT = PAGE.partition("<!-- caught -->")[2]
ROWS = [line for line in CAUGHT.splitlines() if line.startswith("| ") and "`" in line]
NAMES = {check.name for check in CHECKS}
BY_NAME = {plant.id: plant for plant in PLANTS}


def test_the_table_of_checks_is_that_of_the_code() -> None:
    """`python -m harness.checks` prints it."""
    assert table() in PAGE


def test_all_fifteen_are_there() -> None:
    """Numbered from 1 to 15, and then the traps."""
    numbers = [int(found) for found in re.findall(r"^\| (\d+) \|", CAUGHT, re.MULTILINE)]

    assert numbers == list(range(1, 16))
    assert len(ROWS) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_a_promise_leads_to_checks_and_a_test_that_exist(row: str) -> None:
    """What is named in backticks is a check or an error of ours; the test is in its file.

    Each check of the row is seen by one of its plants, and no plant is there for another check.
    """
    *_, caught, planted, _ = row.split("|")
    named, tests = quoted(caught), {each for each in quoted(planted) if "::" in each}
    plants = [BY_NAME[each] for each in quoted(planted) - tests]
    seen = [{*plant.found_by(), *plant.tells} for plant in plants]

    assert named <= NAMES | set(vars(errors))
    assert plants or tests
    assert tests or named & NAMES <= set().union(*seen)
    assert all(found & named or not found for found in seen)
    for each in tests:
        file, _, test = each.partition("::")
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_plant_is_in_the_table() -> None:
    """None is there for nothing, and no name is there twice."""
    assert {name for name in BY_NAME if f"`{name}`" not in CAUGHT} == set()
    assert len(BY_NAME) == len(PLANTS)


def quoted(text: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]+)`", text))


def test_every_check_is_promised_for_something() -> None:
    """None is there for nothing."""
    assert {name for name in NAMES if f"`{name}`" not in CAUGHT} == set()


def test_every_check_is_run() -> None:
    """Each group is judged somewhere in the recipe or a scenario; a list alone checks nothing."""
    sources = [path for of in ("harness", "scenarios") for path in (ROOT / of).rglob("*.py")]
    call = re.compile(r'\b(?:judge|check|findings_of)\(\s*"(\w+)"')
    judged = {group for path in sources for group in call.findall(path.read_text("utf-8"))}

    assert {check.group for check in CHECKS} - judged == set()


def test_names_are_unique_and_every_group_with_an_error_of_its_own_exists() -> None:
    """The catalogue is sound."""
    assert len(NAMES) == len(CHECKS)
    assert set(STOPS) <= {check.group for check in CHECKS}
    assert all(check.about.endswith(".") for check in CHECKS)
