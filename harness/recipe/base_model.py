"""Step 2: the base model in the registry, and what its tags allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.errors import RefusedError, StepError
from harness.recipe.literal import literal
from harness.recipe.registry import registry_asset

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.recipe.connect import Connection

# tag, and where the same list stands in the system metadata since June 2026
FINETUNE_LIST = ("finetune_compute_allow_list", "finetuneComputes")
INFERENCE_LIST = ("inference_compute_allow_list", "inferenceComputes")
_FORMER_FINETUNE_TAG = "computes_allow_list"  # its name until May 2024
DEFAULTS_TAG = "model_specific_defaults"


@dataclass(frozen=True)
class BaseModel:
    """A base model and what its publisher says of it; a list that is None was not published."""

    id: str
    name: str
    version: str
    finetune_sizes: tuple[str, ...] | None
    inference_sizes: tuple[str, ...] | None
    defaults: Mapping[str, str | int | float]
    tags: Mapping[str, str]


def find_base_model(connection: Connection, plan: Plan) -> BaseModel:
    """The model of the plan, latest or pinned.

    Raises RefusedError when the registry does not have it, StepError when a tag is unreadable.
    """
    found = _get(connection, plan)
    tags = {str(key): str(value) for key, value in (found.tags or {}).items()}
    system = _system_computes(found)
    return BaseModel(
        id=str(found.id),
        name=str(found.name),
        version=str(found.version),
        finetune_sizes=_sizes(tags, system, *FINETUNE_LIST)
        or _sizes(tags, system, _FORMER_FINETUNE_TAG, FINETUNE_LIST[1]),
        inference_sizes=_sizes(tags, system, *INFERENCE_LIST),
        defaults=_defaults(tags),
        tags=tags,
    )


def _get(connection: Connection, plan: Plan) -> Any:
    wanted, registry = plan.base_model, plan.workspace.registry
    try:
        return registry_asset(connection.registry.models, wanted.name, wanted.version)
    except LookupError as error:
        raise RefusedError(
            f"model {wanted.name!r}, version {wanted.version!r}, is not in registry "
            f"{registry!r}: {error}\nNext: az ml model list --registry-name {registry} "
            f"--name {wanted.name}, then set base_model.name and base_model.version in plan.toml"
        ) from error


def _sizes(
    tags: Mapping[str, str], system: Mapping[str, Any], tag: str, key: str
) -> tuple[str, ...] | None:
    """A list of VM sizes from the tag, else from the system metadata, else None."""
    value = literal(tags[tag], f"tag {tag}") if tag in tags else system.get(key)
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise StepError(f"tag {tag} is not a list but {value!r}; pin base_model.version")
    return tuple(str(size) for size in value)


def _defaults(tags: Mapping[str, str]) -> dict[str, str | int | float]:
    """The parameters this model asks for; they override the recipe's."""
    if DEFAULTS_TAG not in tags:
        return {}
    value = literal(tags[DEFAULTS_TAG], f"tag {DEFAULTS_TAG}")
    if not isinstance(value, dict):
        raise StepError(f"tag {DEFAULTS_TAG} is not a table but {value!r}; pin base_model.version")
    return {str(key): entry for key, entry in value.items()}


def _system_computes(found: Any) -> Mapping[str, Any]:
    """`system_metadata.supportedComputes`, where the lists moved to in June 2026."""
    system = getattr(found, "_system_metadata", None) or {}
    computes = system.get("supportedComputes") if hasattr(system, "get") else None
    value = literal(computes, "supportedComputes") if isinstance(computes, str) else computes
    return value if isinstance(value, dict) else {}
