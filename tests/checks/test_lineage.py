"""One chain from the data to the answer, each link told by both ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.checks.facts import Link, Split, Traffic
from harness.recipe.data import SAMPLE, Splits
from harness.recipe.lineage import links_of_job, shown
from tests.checks.made import base_model, findings, names

HASH = "c81253dd5522db5e9fc6d6c0621de8a53e49c21c6b1b16017bf407f288ac47c3"  # of train_sft.jsonl
MD5 = "8a2fc0d25c4bb2d1f0b4a2a5bc3a2b6a"
AGAIN = "pytest scenarios --target twin --set 'data.first=64 %'"


@dataclass
class Given:
    """An input of a node, as the SDK reads it from a job."""

    path: str


@dataclass
class Node:
    """The component in the job."""

    inputs: dict[str, Given]
    component: str = "azureml://registries/azureml/components/chat_completion_pipeline/versions/1"


@dataclass
class Job:
    """A finished job."""

    jobs: dict[str, Any] = field(default_factory=dict)
    name: str = "finetune-1"


def job(train: str) -> Job:
    """A job whose training file is at that path."""
    return Job({"node": Node({"train_file_path": Given(train)})})


def links(finished: Job) -> dict[str, Link]:
    """The links of a job trained on the sample."""
    splits = Splits(SAMPLE, {}, "")
    return {link.name: link for link in links_of_job(finished, base_model(), splits)}


def test_the_upload_tells_the_hash_of_our_file() -> None:
    """The SDK names the folder after the content: ours is computed from the file, not asked."""
    link = links(job(f"azureml://datastores/x/paths/LocalUpload/{HASH}/train_sft.jsonl"))

    assert link["train_sft.jsonl -> job"].earlier == HASH
    assert link["train_sft.jsonl -> job"].later == HASH


def test_older_releases_name_it_in_32_digits() -> None:
    """Up to 1.26 it was MD5: the kind of hash is told by its length."""
    link = links(job(f"azureml://datastores/x/paths/LocalUpload/{MD5}/train_sft.jsonl"))

    assert len(link["train_sft.jsonl -> job"].earlier) == 32
    assert link["train_sft.jsonl -> job"].later == MD5


def test_a_path_without_a_hash_is_not_said() -> None:
    """A data asset has no hash in its path, and a job read without nodes says nothing."""
    for finished in (job("azureml:ultrachat:1"), Job()):
        found = links(finished)["train_sft.jsonl -> job"]
        assert found.later is None
        (said,) = findings("lineage", links=[found])
        assert (said.severity, said.check) == ("cannot tell", "lineage.unbroken")
        assert said.next.startswith("az ml job show --name finetune-1 shows what is there")


@pytest.fixture(autouse=True)
def called(monkeypatch: pytest.MonkeyPatch) -> None:
    """How the run was called."""
    line = ["/venv/bin/pytest", "scenarios", "--target", "twin", "--set", "data.first=64 %"]
    monkeypatch.setattr("sys.argv", line)


def test_a_break_is_an_error_and_an_unbroken_chain_is_silent() -> None:
    """Another model deployed than was registered."""
    good = Link("deployed", "models/a/versions/1", "models/a/versions/1", "az ml it")
    bad = Link("deployed", "models/a/versions/1", "models/a/versions/2", "az ml it")

    assert findings("lineage", links=[good]) == []
    (found,) = findings("lineage", links=[good, bad])
    assert (found.severity, found.check) == ("error", "lineage.unbroken")
    assert "models/a/versions/2 is not models/a/versions/1" in found.what
    assert found.next == "az ml it shows what is there; then again: " + AGAIN


def test_what_to_type_works_when_the_endpoint_is_gone() -> None:
    """Step 9 deletes it before anybody reads this: no command that asks it is named."""
    for link in (Link("deployed", "a", later) for later in ("b", None)):
        (found,) = findings("lineage", links=[link])

        assert found.next == f"{AGAIN}  # step 9 deletes what it ends at"


def test_links_in_short() -> None:
    """For the report: the last part of an id, and a hash that fits."""
    long = Link("data", HASH, HASH, "")
    seven = Link("a", "m/versions/7", "m/versions/7", "")
    assert shown([seven, Link("b", "x", None, ""), long]) == {
        "a": "7",
        "b": "not said",
        "data": HASH[:32],
    }


def traffic(state: str, **shares: int) -> Traffic:
    """A deployment in that state, and who gets its endpoint's traffic."""
    return Traffic("chat-1", "demo", state, shares)


@pytest.mark.parametrize(
    ("deployed", "says"),
    [
        (traffic("Succeeded", demo=100), []),
        (traffic("Succeeded", demo=100, old=0), []),
        (traffic("Failed", demo=100), ["error: deployment.healthy"]),
        (traffic("Succeeded", demo=0), ["error: deployment.traffic"]),
        (traffic("Succeeded", demo=50, old=50), ["error: deployment.traffic"]),
    ],
)
def test_the_deployment(deployed: Traffic, says: list[str]) -> None:
    """Healthy by its own state, and nobody else answers."""
    assert names(findings("deployment", deployed=deployed)) == says


def test_what_to_type_about_a_deployment_works_when_it_is_gone() -> None:
    """Step 9 has deleted it by then: no command that asks it or its endpoint is named."""
    ill, bypassed = findings("deployment", deployed=traffic("Failed", old=100))

    assert ill.next == AGAIN  # and its log, where it is kept: tests/checks/test_planted.py
    assert bypassed.next == f"{AGAIN}  # step 9 deletes the endpoint"
    assert "az ml" not in ill.next + bypassed.next


def splits(rows: int = 600, prompts: int = 50) -> dict[str, Split]:
    """The two splits that are judged."""
    return {
        "train_sft": Split("train_sft.jsonl", rows, 0, ""),
        "test_gen": Split("test_gen.jsonl", 160, prompts, ""),
    }


def test_data_that_can_be_trained_on_and_asked_about(tmp_path: Path) -> None:
    """Ten rows have to be left after a fifth went to validation; one row has to ask."""
    assert findings("data", splits=splits(12), notes=()) == []
    assert names(findings("data", splits=splits(11), notes=())) == ["error: data.rows"]
    assert names(findings("data", splits=splits(prompts=0), notes=())) == ["error: data.prompts"]
    assert names(findings("data", splits=splits(), notes=("train_sft: kept",))) == [
        "warning: data.rules"
    ]
