"""VM sizes, for training and for serving, before anything is created.

The size that serves is looked at now as well: it would otherwise be refused only after the
training was paid for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from harness.checks.facts import BaseModel, Existing, Parameters, Region, Size, number
from harness.checks.finding import Blame, Finding
from harness.checks.retirements import size_retired

if TYPE_CHECKING:
    from harness.plan import Plan

# K80 machines: refused by the recipe when the model publishes no list
K80_SIZES = ("standard_nc6", "standard_nc12", "standard_nc24", "standard_nc24r")
GOOD = "Standard_NC24ads_A100_v4"
_GPUS = "number_of_gpu_to_use_finetuning"
_LIST = "az ml compute list-sizes --location"


@dataclass(frozen=True)
class Use:
    """One of the plan's two sizes: what for, and what is known about it."""

    what: str
    key: str  # of the plan
    size: str
    allowed: tuple[str, ...] | None
    spec: str  # name of the property with the least size


def uses(plan: Plan, base_model: BaseModel) -> tuple[Use, Use]:
    """Training and serving."""
    train, serve = plan.compute.size, plan.deployment.size
    tuned, served = base_model.finetune_sizes, base_model.inference_sizes
    return (
        Use("fine-tuning", "compute.size", train, tuned, "finetune-min-sku-spec"),
        Use("inference", "deployment.size", serve, served, "inference-min-sku-spec"),
    )


def allowed(plan: Plan, base_model: BaseModel) -> Iterator[Finding]:
    """Both sizes are in the model's lists, from its tags or its system metadata."""
    for use in uses(plan, base_model):
        if use.allowed is None:
            yield _unlisted(use, base_model)
        elif use.size.lower() not in [name.lower() for name in use.allowed]:
            yield Finding(
                "error",
                f"VM size {use.size} is not in the model's list for {use.what}",
                use.size,
                f"{base_model} lists {', '.join(use.allowed)}",
                "SKU",
                f"set {use.key} in the plan or with --set to one of {', '.join(use.allowed)}",
            )


def _unlisted(use: Use, base_model: BaseModel) -> Finding:
    """Without a list only the K80 sizes are refused, as the recipe does."""
    if use.size.lower() in K80_SIZES:
        return Finding(
            "error",
            f"VM size {use.size} has K80 GPUs, which cannot run this {use.what}",
            use.size,
            "the recipe's own list, for models that publish none",
            "SKU",
            f"set {use.key} in the plan or with --set to a size with A100 GPUs, such as {GOOD}",
        )
    return Finding(
        "cannot tell",
        f"the model publishes no list of sizes for {use.what}: cannot tell whether {use.size} "
        "is right",
        use.size,
        f"{base_model} has neither the tag nor the system metadata",
        "base model",
        f"az ml model show --registry-name azureml --name {base_model.name} "
        f"--version {base_model.version}",
    )


def spec(plan: Plan, base_model: BaseModel, region: Region) -> Iterator[Finding]:
    """Both sizes have the cores, GPUs and memory that the model asks for at least."""
    told = [use for use in uses(plan, base_model) if use.spec in base_model.sku_specs]
    if missing := [use for use in uses(plan, base_model) if use not in told]:
        yield Finding(
            "cannot tell",
            f"the model publishes no least size for {' and '.join(use.what for use in missing)}: "
            f"cannot tell whether {' and '.join({use.size: 0 for use in missing})} is large enough",
            missing[0].size,
            f"{base_model} has no property {', '.join(use.spec for use in missing)}",
            "base model",
            f"{_LIST} {region.name} shows what it has",
        )
    for use in told:
        text, size = base_model.sku_specs[use.spec], region.size(use.size)
        least = _least(text)
        if least is None:
            yield _unreadable(use, base_model, region)
        elif size and (lacking := _lacking(least, size)):
            yield Finding(
                "error",
                f"VM size {use.size} is too small for {use.what}: {lacking}",
                use.size,
                f"{use.spec} of {base_model} is {text} (vCPUs|GPUs|memory|disk in GiB)",
                "SKU",
                f"set {use.key} in the plan or with --set to a larger size, such as {GOOD}",
            )


def offered(plan: Plan, base_model: BaseModel, region: Region) -> Iterator[Finding]:
    """The region has both sizes, and lets a deployment use the second."""
    for use in uses(plan, base_model):
        size = region.size(use.size)
        if size is None:
            yield Finding(
                "error",
                f"VM size {use.size} is not offered in {region.name}",
                use.size,
                f"none of the {len(region.sizes)} sizes that the region lists",
                "SKU",
                f"{_LIST} {region.name}, then set {use.key} in the plan or with --set",
            )
        elif use.what == "inference" and size.endpoints is False:
            yield Finding(
                "warning",
                f"VM size {use.size} is not listed for managed online endpoints",
                use.size,
                "its supportedComputeTypes do not have MIR",
                "SKU",
                f"set {use.key} in the plan or with --set to another size, such as {GOOD}",
            )


def gpus(plan: Plan, region: Region, parameters: Parameters) -> Iterator[Finding]:
    """The size that trains has GPUs, and the job uses as many of them as there are."""
    size = region.size(plan.compute.size)
    if size is None:
        return
    asked = number(parameters.values.get(_GPUS, size.gpus))
    blame: Blame = "plan" if _GPUS in parameters.plan else "base model"
    if size.gpus < 1:
        yield Finding(
            "error",
            f"VM size {plan.compute.size} has no GPU; fine-tuning needs one",
            plan.compute.size,
            f"{region.name} lists it with {size.gpus} GPUs",
            "SKU",
            f"set compute.size in the plan or with --set to a GPU size such as {GOOD}",
        )
    elif asked is None:
        yield Finding(
            "cannot tell",
            f"{_GPUS} = {parameters.values[_GPUS]!r} is no number: cannot tell how many of the "
            f"{size.gpus} GPUs of {size.name} the job uses",
            plan.compute.size,
            f"{_GPUS} is given; left out, it is what the size has",
            blame,
            f"remove {_GPUS}, or set it to {size.gpus}",
        )
    elif asked != size.gpus:
        yield Finding(
            "error" if asked > size.gpus else "warning",
            f"the job asks for {asked:g} GPUs a node, and {size.name} has {size.gpus}",
            plan.compute.size,
            f"{_GPUS} is given; left out, it is what the size has",
            blame,
            f"remove {_GPUS}, or set it to {size.gpus}",
        )


def nodes(plan: Plan) -> Iterator[Finding]:
    """The cluster may grow to as many nodes as the job needs; else it would wait for ever."""
    wanted, limit = plan.finetune.num_nodes, plan.compute.max_instances
    if wanted > limit:
        yield Finding(
            "error",
            f"the job needs {wanted} nodes, and cluster {plan.compute.name!r} has {limit} at most",
            plan.compute.name,
            "finetune.num_nodes and compute.max_instances",
            "plan",
            f"set compute.max_instances in the plan or with --set to {wanted}, or "
            f"finetune.num_nodes to {limit}",
        )


def retired(plan: Plan, base_model: BaseModel, day: date) -> Iterator[Finding]:
    """Azure has not retired either size; a region lists them for a while after."""
    for use in uses(plan, base_model):
        gone = size_retired(use.size)
        if gone and gone.on <= day:
            yield Finding(
                "error",
                f"VM size {use.size} for {use.what} was retired on {gone.on}",
                use.size,
                str(gone),
                "SKU",
                f"set {use.key} in the plan or with --set to a size of today, such as {GOOD} "
                "(if your region still has it, correct data/retirements.json)",
            )


def defaults(base_model: BaseModel, day: date) -> Iterator[Finding]:
    """What the component would take if no cluster were named; the recipe names one."""
    inputs = base_model.component.inputs
    for name, each in inputs.items():
        gone = size_retired(str(each.default)) if name.startswith("instance_type_") else None
        if gone and gone.on <= day:
            yield Finding(
                "info",
                f"the component's default {name} = {each.default} was retired on {gone.on}; "
                "the plan's cluster takes its place",
                str(base_model.component),
                str(gone),
                "component",
                "",
            )


def existing(plan: Plan, cluster: Existing | None) -> Iterator[Finding]:
    """A cluster that bears the plan's name is healthy and of the plan's size."""
    wanted = plan.compute
    if cluster is None:
        return
    if cluster.state.lower() == "failed":
        yield Finding(
            "error",
            f"cluster {wanted.name!r} exists but failed to provision: {cluster.error}",
            wanted.name,
            f"its provisioning state is {cluster.state}",
            "service",
            f"az ml compute delete --name {wanted.name}",
        )
    if cluster.size.lower() != wanted.size.lower():
        yield Finding(
            "error",
            f"cluster {wanted.name!r} exists with size {cluster.size}, the plan asks for "
            f"{wanted.size}",
            wanted.name,
            f"the workspace has it with size {cluster.size}",
            "plan",
            f"set compute.size to {cluster.size}, or another compute.name",
        )


def _least(text: str) -> list[float] | None:
    """Cores, GPUs and GiB of memory; None when the text does not tell all three."""
    told = [least for part in text.split("|")[:3] if (least := number(part)) is not None]
    return told if len(told) == 3 else None


def _unreadable(use: Use, base_model: BaseModel, region: Region) -> Finding:
    return Finding(
        "cannot tell",
        f"the model's least size for {use.what} cannot be read: cannot tell whether {use.size} is "
        "large enough",
        use.size,
        f"{use.spec} of {base_model} is {base_model.sku_specs[use.spec]!r}",
        "base model",
        f"{_LIST} {region.name} shows what it has",
    )


def _lacking(least: Sequence[float], size: Size) -> str:
    """What the size has less of than the specification, in words; disk is not told by Azure."""
    has = (size.cores, size.gpus, size.memory_gib)
    named = zip(("vCPUs", "GPUs", "GiB of memory"), has, least, strict=True)
    return ", ".join(f"{got:g} of {need:g} {what}" for what, got, need in named if got < need)
