"""Sizes and quota: refused, doubted or passed, each with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from harness.checks.catalogue import judged
from harness.checks.compute import K80_SIZES
from harness.checks.facts import Existing
from harness.recipe.base_model import parameters_of
from tests.checks.made import base_model, findings, names, plan, region

TODAY = date(2026, 11, 22)
NO_LISTS = base_model(finetune_sizes=None, inference_sizes=None)


def test_the_recipes_sizes_are_fine() -> None:
    """No finding where nothing is wrong."""
    assert findings("compute") == []
    assert findings("endpoint") == []


@pytest.mark.parametrize("key", ["compute.size", "deployment.size"])
def test_case_does_not_matter(key: str) -> None:
    """Azure writes the same size in three spellings."""
    assert findings("compute", plan(f"{key}=STANDARD_NC24ADS_A100_V4")) == []


@pytest.mark.parametrize("key", ["compute.size", "deployment.size"])
def test_a_size_outside_the_list_is_refused_with_the_list(key: str) -> None:
    """The next command holds the plan's key and every size that would do."""
    found = findings("compute", plan(f"{key}=Standard_ND40rs_v2"))

    assert names(found) == ["error: compute.allowed"]
    assert found[0].next.startswith(
        f"set {key} in the plan or with --set to one of Standard_NC24ads"
    )


def test_a_missing_list_is_said_aloud() -> None:
    """A check that lost its source never passes in silence: one finding for each use."""
    found = findings("compute", base_model=NO_LISTS)

    assert names(found) == ["cannot tell: compute.allowed"] * 2
    assert "cannot tell whether" in found[0].what


@pytest.mark.parametrize("size", [name.upper() for name in K80_SIZES])
def test_k80_is_refused_without_a_list(size: str) -> None:
    """The recipe's deny list holds where the model publishes nothing."""
    found = findings("compute", plan(f"compute.size={size}"), base_model=NO_LISTS)

    assert "has K80 GPUs" in found[0].what


def test_the_blind_replacement_by_t4_is_too_small() -> None:
    """NC4as_T4_v3 has 4 of 6 cores and 28 of 112 GiB: the SKU the notebook deploys to today."""
    found = findings("compute", plan("deployment.size=STANDARD_NC4AS_T4_V3"))

    assert names(found) == ["error: compute.allowed", "error: compute.spec"]
    assert "4 of 6 vCPUs, 28 of 112 GiB of memory" in found[1].what


def test_a_least_size_that_is_gone_is_said_aloud() -> None:
    """Since July 2026 the properties are gone."""
    found = findings("compute", base_model=base_model(sku_specs={}))

    assert names(found) == ["cannot tell: compute.spec"]
    assert "for fine-tuning and inference" in found[0].what


@pytest.mark.parametrize("text", ["n/a", "", "24|1", "24|nan|220|64"])
def test_a_least_size_that_cannot_be_read_is_said_aloud(text: str) -> None:
    """The property is there and tells nothing: neither a traceback nor silence."""
    specs = {"finetune-min-sku-spec": text, "inference-min-sku-spec": "6|1|112|64"}

    (found,) = findings("compute", base_model=base_model(sku_specs=specs))

    assert (found.severity, found.check) == ("cannot tell", "compute.spec")
    assert f"finetune-min-sku-spec of Phi-3-mini-4k-instruct 7 is {text!r}" in found.evidence


@pytest.mark.parametrize("asked", ["auto", "nan", "inf"])
def test_gpus_that_are_no_number(asked: str) -> None:
    """A default in the model's tag may be any text."""
    model = base_model(defaults={"number_of_gpu_to_use_finetuning": asked})

    (found,) = findings("compute", base_model=model)

    assert (found.severity, found.check, found.blame) == (
        "cannot tell",
        "compute.gpus",
        "base model",
    )
    assert repr(asked) in found.what


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ("Standard_D12_v2", ["error: compute.gpus"]),
        ("Standard_NX999_v9", ["error: compute.offered"]),
    ],
)
def test_sizes_that_cannot_train(size: str, says: list[str]) -> None:
    """Without the model's list, the region's own tells."""
    model = base_model(finetune_sizes=None, sku_specs={"finetune-min-sku-spec": "1|0|1|1"})
    found = findings("compute", plan(f"compute.size={size}"), base_model=model)

    assert [name for name in names(found) if "cannot" not in name] == says


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("training.number_of_gpu_to_use_finetuning=8", ["error: compute.gpus"]),
        ("training.number_of_gpu_to_use_finetuning=1", []),
        ("finetune.num_nodes=3", ["error: compute.nodes"]),
        ("finetune.num_nodes=2", []),
    ],
)
def test_a_job_that_would_fail_or_wait_for_ever(setting: str, says: list[str]) -> None:
    """More GPUs than a node has, more nodes than the cluster may have."""
    assert names(findings("compute", plan(setting))) == says


def test_gpus_that_would_stand_idle() -> None:
    """Fewer than there are is a warning: they are paid for."""
    asked = plan("compute.size=Standard_ND96asr_v4", "training.number_of_gpu_to_use_finetuning=4")

    assert names(findings("compute", asked)) == ["warning: compute.gpus"]


def test_a_size_that_endpoints_may_not_use() -> None:
    """The region says for which computes a size is meant."""
    model = base_model(inference_sizes=None, sku_specs={"inference-min-sku-spec": "1|0|1|1"})
    found = findings("compute", plan("deployment.size=Standard_D12_v2"), base_model=model)

    assert "warning: compute.offered" in names(found)


@pytest.mark.parametrize(
    ("day", "says"), [(date(2025, 9, 29), []), (date(2025, 9, 30), ["error: compute.retired"])]
)
def test_a_size_is_retired_from_its_day_on(day: date, says: list[str]) -> None:
    """The 2024 notebook deploys to NC6s_v3, in the allow list and gone."""
    model = base_model(inference_sizes=("Standard_NC6s_v3",))

    found = findings("compute", plan("deployment.size=Standard_NC6s_v3"), base_model=model, day=day)

    assert names(found) == says
    assert all(each.evidence.endswith("(date inferred)") for each in found)


def test_the_components_own_default_is_retired() -> None:
    """An info: the plan names a cluster, which takes the place of NC24rs_v3."""
    facts: dict[str, Any] = {
        "plan": plan(),
        "base_model": base_model(),
        "day": TODAY,
        "region": region(),
    }
    facts["parameters"] = parameters_of(plan(), base_model())

    said = [each for each in judged("compute", facts | {"cluster": None}) if "default" in each.what]

    assert [(each.severity, each.check) for each in said] == [("info", "compute.defaults")] * 2
    assert "instance_type_finetune = Standard_nc24rs_v3" in said[0].what


def test_a_cluster_that_is_there_already() -> None:
    """One that failed, or that happens to bear the name, is not silently reused."""
    fine = Existing("STANDARD_NC24ADS_A100_V4", "Succeeded")
    other = Existing("STANDARD_NC6", "Failed", "no quota")

    assert findings("compute", cluster=fine) == []
    assert names(findings("compute", cluster=other)) == ["error: compute.existing"] * 2


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("deployment.request_timeout_ms=180000", []),
        ("deployment.liveness_initial_delay=309", ["warning: endpoint.timeouts"]),
        ("deployment.liveness_initial_delay=310", []),
    ],
)
def test_probes_wait_for_the_model(setting: str, says: list[str]) -> None:
    """A liveness probe that begins before the model is loaded restarts the container for ever."""
    assert names(findings("endpoint", plan(setting))) == says


def test_bounds_hold_for_any_plan_not_only_one_that_was_read() -> None:
    """32 characters and 180 seconds are Azure's, whoever made the plan."""
    made = plan()
    long = replace(made, endpoint=replace(made.endpoint, prefix="ultrachat-completions-x-"))
    slow = replace(made, deployment=replace(made.deployment, request_timeout_ms=180_001))

    assert names(findings("endpoint", long)) == ["error: endpoint.name"]
    assert names(findings("endpoint", slow)) == ["error: endpoint.timeouts"]
