"""docs/faults.md has every kind of fault and every scenario, and the folder has one of each."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from harness.plan_file import read_plan
from harness.twin.faults import KINDS, SHORT, parse

from .claims import Scenario, scenarios, table

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
ALL = scenarios()
SPECS = [spec for scenario in ALL for spec in scenario.faults]


def test_the_table_is_that_of_the_folder() -> None:
    """`from tests.scenarios.claims import table` makes it anew."""
    assert table() in PAGE


@pytest.mark.parametrize("kind", [*KINDS, *SHORT])
def test_every_kind_is_explained_and_has_a_scenario(kind: str) -> None:
    """With its options."""
    options = fields(KINDS[kind])[1:] if kind in KINDS else ()

    assert f"| `{kind}:" in PAGE
    assert all(f"`{option.name}`" in PAGE for option in options)
    assert any(spec.startswith(f"{kind}:") for spec in SPECS)


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_its_first_line_is_the_command_that_runs_it(scenario: Scenario) -> None:
    """And its plan can be read, but for the one that is not to be."""
    first = scenario.file.read_text(encoding="utf-8").splitlines()[0]

    assert first == f"# pytest scenarios --target twin --plan scenarios/faults/{scenario.name}.toml"
    if scenario.claim.breaks != "plan":
        parse(read_plan(scenario.file, "twin").twin.faults)


def test_options_of_a_run_are_explained() -> None:
    """Both ways to have something go wrong."""
    assert "`--fault" in PAGE
    assert "`--plan" in PAGE
