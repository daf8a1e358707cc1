"""Step 3: the cluster that trains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.checks.facts import Existing, Region, Size, Usage
from harness.errors import RefusedError, StepError
from harness.janitor.tags import tags
from harness.recipe.base_model import parameters_of
from harness.recipe.failing import doing, reason
from harness.recipe.plain import either, plain

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.checks.facts import BaseModel
    from harness.janitor.ledger import Ledger
    from harness.plan import Plan
    from harness.recipe.connect import Connection


@dataclass(frozen=True)
class Cluster:
    """The cluster, found or created."""

    name: str
    size: str
    tier: str
    gpus: int  # per node
    created: bool


def provide_cluster(
    connection: Connection, plan: Plan, model: BaseModel, ledger: Ledger, judge: Judge
) -> Cluster:
    """The plan's cluster, created when it does not exist.

    Sizes, quota and the endpoint's name are checked before anything is created, those of the
    deployment as well: they would otherwise be refused only after the training was paid for.
    Raises RefusedError when a size, the quota or an existing cluster stands in the way.
    """
    region, found = look_around(connection, plan, model, judge)
    cluster = found or _create(connection, plan, ledger, judge)
    size = region.size(plan.compute.size)
    return Cluster(
        name=plan.compute.name,
        size=str(cluster.size),
        tier=str(cluster.tier),
        gpus=size.gpus if size else 0,
        created=found is None,
    )


def look_around(
    connection: Connection, plan: Plan, model: BaseModel, judge: Judge
) -> tuple[Region, Any | None]:
    """What the region offers, and the cluster if there is one; judged, and nothing created."""
    region = read_region(connection)
    found = _existing(connection, plan.compute.name)
    facts = {"base_model": model, "region": region, "parameters": parameters_of(plan, model)}
    judge("compute", cluster=_seen(found), **facts)
    judge("quota", region=region)
    judge("endpoint")
    return region, found


def read_region(connection: Connection) -> Region:
    """Sizes and cores of the workspace's region; usages are None when they cannot be read."""
    from azure.core.exceptions import HttpResponseError

    compute = connection.workspace.compute
    with doing(
        f"listing the VM sizes of {connection.location}",
        f"az ml compute list-sizes --location {connection.location}",
    ):
        sizes = {str(size.name).lower(): _size(size) for size in compute.list_sizes()}
    try:
        usages = _usages(compute.list_usage(location=connection.location))
    except HttpResponseError:
        return Region(connection.location, sizes, None)
    return Region(connection.location, sizes, usages)


def _size(found: Any) -> Size:
    kinds = either(found, "supported_compute_types", "supportedComputeTypes")
    return Size(
        name=str(found.name),
        family=str(found.family),
        cores=int(either(found, "v_cp_us", "vCPUs") or 0),
        gpus=int(found.gpus or 0),
        memory_gib=float(either(found, "memory_gb", "memoryGB") or 0),
        endpoints="MIR" in kinds if kinds else None,
    )


def _usages(listed: Iterable[Any]) -> dict[str, Usage]:
    """Cores by usage; those of LowPriority, which are named in words only, as `<family> low`."""
    found, words = {}, {}
    for each in listed:
        name = str(either(each.name, "value"))
        words[str(either(each.name, "localized_value", "localizedValue"))] = name
        used = either(each, "current_value", "currentValue")
        found[name] = Usage(int(used or 0), int(each.limit))
    low = {
        f"{name} low": found[words[text.replace("Dedicated", "LowPriority")]]
        for text, name in words.items()
        if "Dedicated" in text and text.replace("Dedicated", "LowPriority") in words
    }
    return found | low


def _existing(connection: Connection, name: str) -> Any | None:
    """The cluster, or None when it does not exist; no other failure reads as absence."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    try:
        return connection.workspace.compute.get(name)
    except ResourceNotFoundError:
        return None
    except AzureError as error:
        raise StepError(
            f"cannot tell whether cluster {name!r} exists ({type(error).__name__}): "
            f"{error.message}\nNothing was created. Next: az ml compute show --name {name}"
        ) from error


def _seen(found: Any | None) -> Existing | None:
    if found is None:
        return None
    return Existing(str(found.size), plain(found.provisioning_state), _why(found))


def _create(connection: Connection, plan: Plan, ledger: Ledger, judge: Judge) -> Any:
    """The cluster in the first tier that is not refused, as the recipe does."""
    from azure.core.exceptions import HttpResponseError

    refusals, wanted = [], plan.compute
    ledger.expect("compute", wanted.name, wanted.size, wanted.max_instances, keep=wanted.keep)
    for tier in plan.compute.tiers:
        try:
            created = _attempt(connection, plan, tier)
        except HttpResponseError as error:
            if error.status_code in (401, 403):
                raise StepError(
                    f"cluster {plan.compute.name!r} may not be created with this credential: "
                    f"{reason(error)}\nNext: az role assignment list --assignee <you>; creating "
                    "compute needs AzureML Compute Operator or Contributor on the workspace"
                ) from error
            refusals.append(f"{tier}: {reason(error)}")
            continue
        if plain(created.provisioning_state).lower() != "failed":
            ledger.answered("compute", plan.compute.name)
            return created
        refusals.append(f"{tier}: {_why(created)}")
    judge("cluster", refusals=refusals, location=connection.location)
    raise RefusedError(f"cluster {wanted.name!r} was refused: {refusals}")  # nobody judged


def _attempt(connection: Connection, plan: Plan, tier: str) -> Any:
    from azure.ai.ml.entities import AmlCompute

    wanted = plan.compute
    cluster = AmlCompute(
        name=wanted.name,
        size=wanted.size,
        tier=tier,
        max_instances=wanted.max_instances,
        tags=tags(plan, connection.timestamp, keep=wanted.keep),
    )
    connection.workspace.compute.begin_create_or_update(cluster).wait()
    return connection.workspace.compute.get(wanted.name)


def _why(cluster: Any) -> str:
    """The provisioning error Azure puts on the cluster itself; the SDK keeps its code only."""
    return str(getattr(cluster, "provisioning_errors", None) or "no reason was given")
