"""The cluster: found, created, or refused with what to change. On a real twin, no training."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.checks.catalogue import Judge, judged, stop
from harness.errors import RefusedError
from harness.janitor.ledger import Ledger
from harness.plan import Plan
from harness.plan_file import read_plan
from harness.recipe.compute import Cluster, provide_cluster
from harness.recipe.connect import Connection, connect
from harness.targets.twin import open_twin
from tests.checks.made import base_model

SHIPPED = Path(__file__).parents[2] / "scenarios" / "finetune_chat" / "plan.toml"
ANY_SIZE = base_model(finetune_sizes=None, inference_sizes=None, sku_specs={})  # no lists


def plan(*settings: str) -> Plan:
    """The shipped plan for the twin, changed."""
    return read_plan(SHIPPED, "twin", settings)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Clients of a twin that serves all tests of this module."""
    with open_twin(plan(), tmp_path_factory.mktemp("run")) as target:
        yield connect(plan(), timestamp="1700000000", config=target.config)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty ledger."""
    return Ledger(tmp_path / "ledger.jsonl")


def provide(connection: Connection, ledger: Ledger, *settings: str) -> Cluster:
    """The cluster of a plan, for a model that publishes no lists."""
    asked = plan(*settings)
    return provide_cluster(connection, asked, ANY_SIZE, ledger, judge(asked))


def judge(asked: Plan) -> Judge:
    """Runs the checks as a run does, and stops at an error."""

    def check(group: str, /, **facts: Any) -> None:
        shared = {"plan": asked, "day": date(2024, 5, 20), "earlier": None}
        stop(group, judged(group, shared | facts))

    return check


def test_created_once_then_found(connection: Connection, ledger: Ledger, tmp_path: Path) -> None:
    """What was there before is used and is not ours to delete."""
    created = provide(connection, ledger, "compute.name=first")
    later = Ledger(tmp_path / "later.jsonl")
    found = provide(connection, later, "compute.name=first")

    assert (created.created, found.created) == (True, False)
    assert [entry.name for entry in ledger.open_entries()] == ["first"]
    assert later.open_entries() == []


def test_another_size_under_the_same_name_is_refused(
    connection: Connection, ledger: Ledger
) -> None:
    """A cluster that happens to bear the name is not silently reused."""
    provide(connection, ledger, "compute.name=second")

    with pytest.raises(RefusedError, match=r"exists with size STANDARD_NC24ADS.*\n.* or another"):
        provide(connection, ledger, "compute.name=second", "compute.size=Standard_NC48ads_A100_v4")


def test_a_cluster_to_keep_is_known_as_one(connection: Connection, ledger: Ledger) -> None:
    """compute.keep leaves it in place after the run: the ledger has it as one to keep."""
    cluster = provide(connection, ledger, "compute.name=third", "compute.keep=true")

    assert cluster.created
    assert [(entry.name, entry.keep) for entry in ledger.open_entries()] == [("third", True)]


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ("Standard_D12_v2", "has no GPU"),
        ("Standard_NX999_v9", "is not offered in eastus"),
        ("Standard_NC6", "K80"),
    ],
)
def test_sizes_that_cannot_train_are_refused(
    connection: Connection, ledger: Ledger, size: str, says: str
) -> None:
    """Without the model's list, the region's own tells; nothing is created."""
    with pytest.raises(RefusedError, match=says):
        provide(connection, ledger, "compute.name=fourth", f"compute.size={size}")

    assert ledger.open_entries() == []


def test_low_priority_is_taken_when_dedicated_is_refused(
    connection: Connection, ledger: Ledger
) -> None:
    """As in the recipe: the second attempt is the same cluster in the other tier."""
    cluster = provide(connection, ledger, "compute.name=sixth", "compute.size=Standard_ND96asr_v4")

    assert cluster.tier == "low_priority"
