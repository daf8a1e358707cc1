"""Step 3: the cluster that trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import RefusedError, StepError
from harness.janitor.tags import tags
from harness.recipe.failing import reason
from harness.recipe.plain import plain
from harness.recipe.sizes import check_size

if TYPE_CHECKING:
    from harness.janitor.ledger import Ledger
    from harness.plan import Plan
    from harness.recipe.base_model import BaseModel
    from harness.recipe.connect import Connection


@dataclass(frozen=True)
class Cluster:
    """The cluster, found or created."""

    name: str
    size: str
    tier: str
    gpus: int  # per node
    created: bool
    notes: tuple[str, ...]


def provide_cluster(
    connection: Connection, plan: Plan, model: BaseModel, ledger: Ledger
) -> Cluster:
    """The plan's cluster, created when it does not exist.

    Sizes are checked before anything is created, that of the deployment as well: it would
    otherwise be refused only after the training was paid for. Raises RefusedError when a size,
    the quota or an existing cluster stands in the way.
    """
    wanted = plan.compute
    notes = (
        check_size(wanted.size, model.finetune_sizes, use="fine-tuning", key="compute.size"),
        check_size(
            plan.deployment.size, model.inference_sizes, use="inference", key="deployment.size"
        ),
    )
    gpus = gpus_of(connection, wanted.size)
    found = _existing(connection, wanted.name)
    if found is not None:
        _same_size(found, plan)
    cluster = found or _create(connection, plan, ledger)
    return Cluster(
        name=wanted.name,
        size=str(cluster.size),
        tier=str(cluster.tier),
        gpus=gpus,
        created=found is None,
        notes=tuple(note for note in notes if note),
    )


def gpus_of(connection: Connection, size: str) -> int:
    """How many GPUs one node of that size has, as the workspace's region lists it.

    Raises RefusedError when the region does not offer the size or it has no GPU.
    """
    offered = {str(s.name).lower(): s for s in connection.workspace.compute.list_sizes()}
    if size.lower() not in offered:
        raise RefusedError(
            f"VM size {size} is not offered in {connection.location}. Next: az ml compute "
            f"list-sizes --location {connection.location}, then set compute.size in plan.toml"
        )
    gpus = int(offered[size.lower()].gpus or 0)
    if gpus < 1:
        raise RefusedError(
            f"VM size {size} has no GPU; fine-tuning needs one. Next: set compute.size in "
            "plan.toml to a GPU size such as Standard_NC24ads_A100_v4"
        )
    return gpus


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


def _same_size(found: Any, plan: Plan) -> None:
    """An existing cluster must be healthy and what the plan asks for."""
    wanted = plan.compute
    if plain(found.provisioning_state).lower() == "failed":
        raise RefusedError(
            f"cluster {wanted.name!r} exists but failed to provision: {_why(found)}\n"
            f"Next: az ml compute delete --name {wanted.name}"
        )
    if str(found.size).lower() != wanted.size.lower():
        raise RefusedError(
            f"cluster {wanted.name!r} exists with size {found.size}, the plan asks for "
            f"{wanted.size}. Next: set compute.size to {found.size}, or another compute.name"
        )


def _create(connection: Connection, plan: Plan, ledger: Ledger) -> Any:
    """The cluster in the first tier that is not refused, as the recipe does."""
    from azure.core.exceptions import HttpResponseError

    refusals = []
    if not plan.compute.keep:
        ledger.expect("compute", plan.compute.name, plan.compute.size, plan.compute.max_instances)
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
    raise RefusedError(
        f"cluster {plan.compute.name!r} of {plan.compute.size} was refused:\n  "
        + "\n  ".join(refusals)
        + f"\nNext: az ml compute list-usage --location {connection.location} shows what is left; "
        "ask for more quota, or set compute.size in plan.toml to another allowed size"
    )


def _attempt(connection: Connection, plan: Plan, tier: str) -> Any:
    from azure.ai.ml.entities import AmlCompute

    wanted = plan.compute
    cluster = AmlCompute(
        name=wanted.name,
        size=wanted.size,
        tier=tier,
        max_instances=wanted.max_instances,
        tags=tags(plan, connection.timestamp),
    )
    connection.workspace.compute.begin_create_or_update(cluster).wait()
    return connection.workspace.compute.get(wanted.name)


def _why(cluster: Any) -> str:
    """The provisioning error Azure puts on the cluster itself; the SDK keeps its code only."""
    return str(getattr(cluster, "provisioning_errors", None) or "no reason was given")
