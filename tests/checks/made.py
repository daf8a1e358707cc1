"""Facts as they are when nothing is wrong, and what a group of checks says of changed ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from harness.checks.catalogue import judged
from harness.checks.facts import BaseModel, Component, Input, Region, Size, Usage
from harness.checks.finding import Finding
from harness.plan import Plan
from harness.plan_file import read_plan
from harness.recipe.base_model import parameters_of

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "scenarios" / "finetune_chat" / "plan.toml"
SEED = ROOT / "harness" / "twin" / "seed"
GOOD = ("Standard_NC24ads_A100_v4", "Standard_ND96asr_v4")
FAMILY = "standardNCADSA100v4Family"


def plan(*settings: str) -> Plan:
    """The shipped plan for the twin, with the one default taken out that overrules it."""
    calm = 'finetune.ignore_model_defaults=["num_train_epochs"]'
    return read_plan(SHIPPED, "twin", [calm, *settings])


def component(version: str = "0.0.51", **inputs: Input) -> Component:
    """The real component of that version, with inputs changed."""
    told = json.loads((SEED / f"chat_completion_pipeline_{version}.json").read_text())
    spec = told["componentSpec"]
    found = {name: _input(each) for name, each in spec["inputs"].items()}
    return Component(spec["name"], version, found | inputs, tuple(spec["outputs"]))


def base_model(version: str = "7", **changed: Any) -> BaseModel:
    """Phi-3-mini as it was in May 2024, changed."""
    defaults: dict[str, str | int | float] = {
        "apply_deepspeed": "true",
        "deepspeed_stage": 2,
        "apply_lora": "true",
        "precision": 16,
        "num_train_epochs": 1,
        "learning_rate": "5e-6",
        "save_total_limit": 1,
    }
    found = BaseModel(
        id=f"azureml://registries/azureml/models/Phi-3-mini-4k-instruct/versions/{version}",
        name="Phi-3-mini-4k-instruct",
        version=version,
        finetune_sizes=GOOD,
        inference_sizes=GOOD,
        defaults=defaults,
        tags={"model_specific_defaults": str(defaults)},
        component=component(),
        sku_specs={"finetune-min-sku-spec": "24|1|220|64", "inference-min-sku-spec": "6|1|112|64"},
        archived=False,
    )
    return replace(found, **changed)


def region(**changed: Any) -> Region:
    """A region with the sizes of the recipe and cores for them."""
    sizes = (
        Size(GOOD[0], FAMILY, 24, 1, 220, endpoints=True),
        Size(GOOD[1], "standardNDASv4Family", 96, 8, 900, endpoints=True),
        Size("Standard_NC4as_T4_v3", "Standard NCASv3_T4 Family", 4, 1, 28, endpoints=True),
        Size("Standard_NC6s_v3", "standardNCSv3Family", 6, 1, 112, endpoints=True),
        Size("Standard_ND40rs_v2", "standardNDSv2Family", 40, 8, 672, endpoints=True),
        Size("Standard_D12_v2", "standardDv2Family", 4, 0, 28, endpoints=False),
    )
    usages = {size.family: Usage(0, 192) for size in sizes}
    found = Region("eastus", {size.name.lower(): size for size in sizes}, usages)
    return replace(found, **changed)


def findings(group: str, asked: Plan | None = None, **facts: Any) -> list[Finding]:
    """What a group says; facts that are not given are as they should be. Infos are left out."""
    asked = asked or plan()
    model = facts.get("base_model") or base_model()
    found = {
        "plan": asked,
        "base_model": model,
        "parameters": parameters_of(asked, model),
        "day": date(2024, 5, 20),
        "earlier": None,
        "region": region(),
        "cluster": None,
    }
    said = judged(group, found | facts)
    return [finding for finding in said if finding.severity != "info"]


def names(found: list[Finding]) -> list[str]:
    """Severity and check of each finding."""
    return [f"{finding.severity}: {finding.check}" for finding in found]


def _input(told: dict[str, Any]) -> Input:
    """As the SDK reads it: bounds and flags stand as text in the registry."""
    low, high = told.get("min"), told.get("max")
    return Input(
        type=told["type"],
        default=told.get("default"),
        optional=told["optional"] == "True",
        enum=tuple(told.get("enum", ())),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
    )
