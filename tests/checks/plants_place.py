"""Steps 3 and 4: sizes, quota, cluster, the endpoint's name and times, the data."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from harness.recipe.literal import literal
from tests.checks.plant import Edit, Plant
from tests.checks.plants_model import of_model

OTHER_CLUSTER = "compute.name=other"  # the clean run's own has the plan's size
SPARE = ("compute.size=Standard_NC48ads_A100_v4", OTHER_CLUSTER)
V100 = "deployment.size=Standard_NC6s_v3"


def _limit(family: str, cores: int) -> Edit:
    def change(body: Any) -> None:
        next(each for each in body["value"] if each["name"]["value"] == family)["limit"] = cores

    return Edit("usage.list", change)


def _no_size(name: str) -> Edit:
    def change(body: Any) -> None:
        body["value"] = [each for each in body["value"] if each["name"] != name]

    return Edit("vm_size.list", change)


def _moved(told: Any) -> None:
    """The lists as they are since June 2026."""
    tags = told["tags"]
    names = {"finetuneComputes": "finetune", "inferenceComputes": "inference"}
    lists = {new: literal(tags.pop(f"{old}_compute_allow_list")) for new, old in names.items()}
    lists["inferenceComputes"].remove("Standard_NC24ads_A100_v4")
    told["systemMetadata"] = {"supportedComputes": lists}


def _nothing_asked(rows: list[str]) -> list[str]:
    return [row for row in rows if json.loads(row)["messages"][-1]["role"] == "assistant"]


def _too_short(rows: list[str]) -> list[str]:
    short = json.loads(rows[0])
    return [json.dumps(short | {"messages": short["messages"][:1]}) + "\n", *rows]


PLACE = (
    Plant(
        "size-outside-the-list",
        "look",
        ("error compute.allowed: SKU",),
        ("compute.size=Standard_ND40rs_v2", OTHER_CLUSTER),
        part="not in the model's list for fine-tuning",
    ),
    Plant(
        "list-that-went",
        "look",
        ("cannot tell compute.allowed: base model",),
        edits=(of_model(lambda told: told["tags"].pop("inference_compute_allow_list")),),
        part="publishes no list of sizes for inference",
    ),
    Plant(
        "list-in-the-system-metadata",
        "look",
        ("error compute.allowed: SKU",),
        edits=(of_model(_moved),),
    ),
    Plant("size-in-other-case", "look", (), ("deployment.size=STANDARD_nc24ADS_a100_V4",)),
    Plant(
        "blind-replacement",
        "look",
        ("error compute.allowed: SKU", "error compute.spec: SKU"),
        ("deployment.size=STANDARD_NC4AS_T4_V3",),
    ),
    Plant(
        "least-size-that-went",
        "look",
        ("cannot tell compute.spec: base model",),
        edits=(of_model(lambda told: told["properties"].pop("inference-min-sku-spec")),),
    ),
    Plant(
        "retired-size",
        "look",
        ("warning model.retired: base model", "error compute.retired: SKU"),
        (V100,),
        tells=("compute.defaults",),
        day=date(2025, 10, 1),
    ),
    Plant(
        "size-not-offered",
        "look",
        ("error compute.offered: SKU",),
        SPARE,
        edits=(_no_size(SPARE[0][13:]),),
    ),
    Plant(
        "no-gpu",
        "look",
        ("error compute.allowed: SKU", "error compute.spec: SKU", "error compute.gpus: SKU"),
        ("compute.size=Standard_D12_v2", OTHER_CLUSTER),
    ),
    Plant(
        "more-gpus-than-there-are",
        "look",
        ("error compute.gpus: plan",),
        ("training.number_of_gpu_to_use_finetuning=8",),
    ),
    Plant(
        "more-nodes-than-there-are",
        "look",
        ("error compute.nodes: plan",),
        ("finetune.num_nodes=3",),
    ),
    Plant(
        "quota-of-zero",
        "look",
        ("error quota.cores: quota",),
        ("compute.size=Standard_ND96amsr_A100_v4", OTHER_CLUSTER),
        part="0 of 0 are in use",
    ),
    Plant(
        "eleven-cores-for-twelve",
        "look",
        ("error quota.cores: quota",),
        (V100,),
        edits=(_limit("standardNCSv3Family", 11),),
        part="12 cores of standardNCSv3Family are needed",
    ),
    Plant(
        "twelve-cores-for-twelve", "look", (), (V100,), edits=(_limit("standardNCSv3Family", 12),)
    ),
    Plant(
        "usages-nobody-may-read",
        "look",
        ("cannot tell quota.cores: quota",),
        faults=("refuse:usage.list:status=403",),
    ),
    Plant(
        "cluster-of-another-size",
        "look",
        ("error compute.existing: plan",),
        SPARE[:1],
        part="exists with size STANDARD_NC24ADS_A100_V4",
    ),
    Plant(
        "cluster-that-failed",
        "look",
        ("error compute.existing: service",),
        edits=(
            Edit(
                "compute.get",
                lambda body: body["properties"].update(provisioningState="Failed"),
            ),
        ),
        part="exists but failed to provision",
    ),
    Plant(
        "probes-that-begin-too-soon",
        "look",
        ("warning endpoint.timeouts: plan",),
        ("deployment.liveness_initial_delay=10",),
    ),
    Plant(
        "default-size-that-is-retired",
        "look",
        (),
        tells=("compute.defaults",),
        day=date(2025, 3, 31),
    ),
    Plant(
        "endpoint-name-too-long",
        "look",
        ("error endpoint.name: plan",),
        forced=("endpoint", "prefix", "ultrachat-completions-x"),
    ),
    Plant(
        "timeout-too-long",
        "look",
        ("error endpoint.timeouts: plan",),
        forced=("deployment", "request_timeout_ms", 180_001),
    ),
    Plant(
        "cluster-refused",
        "cluster",
        ("error cluster.created: service",),
        (OTHER_CLUSTER,),
        ("refuse:compute.create:status=400",),
        part="LowPriority: ",
    ),
    Plant(
        "cluster-in-conflict",
        "cluster",
        ("error cluster.created: service",),
        (OTHER_CLUSTER,),
        ("refuse:compute.create:status=409",),
        part="LowPriority: Already running",
        cause="cause: conflict",
    ),
    Plant(
        "no-right-to-look",
        "cluster",
        (),
        (OTHER_CLUSTER,),
        ("refuse:compute.get:status=403,code=AuthorizationFailed",),
        part="cannot tell whether cluster",
    ),
    Plant("eleven-rows", "data", ("error data.rows: data",), rows=lambda rows: rows[:11]),
    Plant("row-that-is-dropped", "data", ("warning data.rules: data",) * 2, rows=_too_short),
    Plant("nothing-to-ask", "data", ("error data.prompts: data",), rows=_nothing_asked),
)
