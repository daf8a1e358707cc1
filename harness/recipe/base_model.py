"""Step 2: the base model in the registry, and what its tags allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.checks.facts import BaseModel, Component, Input, Missing, Parameters
from harness.errors import RefusedError
from harness.recipe.literal import literal
from harness.recipe.plain import either
from harness.recipe.registry import registry_asset

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.plan import Plan
    from harness.recipe.connect import Connection

# tag, and where the same list stands in the system metadata since June 2026
FINETUNE_LIST = ("finetune_compute_allow_list", "finetuneComputes")
INFERENCE_LIST = ("inference_compute_allow_list", "inferenceComputes")
_FORMER_FINETUNE_TAG = "computes_allow_list"  # its name until May 2024
DEFAULTS_TAG = "model_specific_defaults"
_COMPUTES = "supportedComputes"
_SPECS = ("finetune-min-sku-spec", "inference-min-sku-spec")


def find_base_model(connection: Connection, plan: Plan, judge: Judge) -> BaseModel:
    """The model of the plan, latest or pinned, and the component that is to train it.

    What the component does not accept is known here, before anything is created. Raises
    RefusedError when the registry does not have one of them, or a check finds an error.
    """
    component = component_of(connection, plan, judge)
    found = _model(connection, _get(connection, plan, judge), component)
    judge("model", base_model=found)
    judge("contract", base_model=found, parameters=parameters_of(plan, found))
    judge("drift", base_model=found)
    return found


def component_of(
    connection: Connection, plan: Plan, judge: Judge, version: str | None = None
) -> Any:
    """The SDK's own component, of the plan's version if none is given; a version is fetched once.

    Raises RefusedError when the registry does not have it.
    """
    wanted, registry = plan.finetune, plan.workspace.registry
    if version in connection.components:
        return connection.components[version]
    try:
        found = registry_asset(
            connection.registry.components, wanted.component, version or wanted.version
        )
        return connection.components.setdefault(str(found.version), found)
    except LookupError as error:
        version = version or wanted.version
        missing = Missing(
            "component", wanted.component, version, registry, "finetune.component", str(error)
        )
        judge("registry", missing=missing)
        raise RefusedError(str(missing)) from error  # nobody judged


def parameters_of(plan: Plan, model: BaseModel) -> Parameters:
    """The plan's training and optimisation parameters, and the model's defaults over them.

    The recipe merges in this order, so the plan's three epochs become one when the model says so.
    """
    ignored = plan.finetune.ignore_model_defaults
    return Parameters(
        plan={**plan.training, **plan.optimization},
        model={key: value for key, value in model.defaults.items() if key not in ignored},
    )


def _model(connection: Connection, found: Any, component: Any) -> BaseModel:
    tags = {str(key): str(value) for key, value in (found.tags or {}).items()}
    details, unreadable = _details(connection, found), dict[str, str]()
    system = _system_computes(details, unreadable)
    lists = {
        key: _sizes(tags, system, tag, key, unreadable)
        for tag, key in (FINETUNE_LIST, (_FORMER_FINETUNE_TAG, "former"), INFERENCE_LIST)
    }
    return BaseModel(
        id=str(found.id),
        name=str(found.name),
        version=str(found.version),
        finetune_sizes=lists[FINETUNE_LIST[1]] or lists["former"],
        inference_sizes=lists[INFERENCE_LIST[1]],
        defaults=_defaults(tags, unreadable),
        tags=tags,
        component=_component(component),
        sku_specs={key: str(found.properties[key]) for key in _SPECS if key in found.properties},
        archived=either(details, "is_archived", "isArchived"),
        unreadable=unreadable,
    )


def _get(connection: Connection, plan: Plan, judge: Judge) -> Any:
    wanted, registry = plan.base_model, plan.workspace.registry
    try:
        return registry_asset(connection.registry.models, wanted.name, wanted.version)
    except LookupError as error:
        keys = "base_model.name and base_model.version"
        missing = Missing("model", wanted.name, wanted.version, registry, keys, str(error))
        judge("registry", missing=missing)
        raise RefusedError(str(missing)) from error  # nobody judged, or it was to be looked on


def _sizes(
    tags: Mapping[str, str],
    system: Mapping[str, Any],
    tag: str,
    key: str,
    unreadable: dict[str, str],
) -> tuple[str, ...] | None:
    """A list of VM sizes from the tag, else from the system metadata, else None."""
    value = _read(tags, tag, list, unreadable) if tag in tags else system.get(key)
    return tuple(str(size) for size in value) if isinstance(value, (list, tuple)) else None


def _defaults(tags: Mapping[str, str], unreadable: dict[str, str]) -> dict[str, str | int | float]:
    """The parameters this model asks for; they override the recipe's."""
    value = _read(tags, DEFAULTS_TAG, dict, unreadable) if DEFAULTS_TAG in tags else None
    return {str(key): entry for key, entry in (value or {}).items()}


def _read(tags: Mapping[str, str], tag: str, kind: type, unreadable: dict[str, str]) -> Any:
    """The literal in a tag; None, and a line in `unreadable`, when it is none of that kind."""
    try:
        value = literal(tags[tag])
    except ValueError:
        value = None
    if isinstance(value, kind):
        return value
    unreadable[tag] = tags[tag]
    return None


def _details(connection: Connection, found: Any) -> Any:
    """The version's properties as the registry answers them, or the SDK's own where it has no way.

    The SDK's Model drops `isArchived`, and 1.35 the system metadata as well, so what
    `models.get` itself reads is read again.
    """
    get = getattr(connection.registry.models, "_get", None)
    return get(found.name, found.version).properties if get else found


def _system_computes(details: Any, unreadable: dict[str, str]) -> Mapping[str, Any]:
    """`system_metadata.supportedComputes`, where the lists moved to in June 2026."""
    system = either(details, "system_metadata", "systemMetadata", "_system_metadata")
    value = either(system, _COMPUTES)
    if isinstance(value, str):
        value = _read({_COMPUTES: value}, _COMPUTES, dict, unreadable)
    return value if isinstance(value, Mapping) else {}


def _component(found: Any) -> Component:
    return Component(
        name=str(found.name),
        version=str(found.version),
        inputs={str(name): _input(each) for name, each in found.inputs.items()},
        outputs=tuple(found.outputs),
    )


def _input(found: Any) -> Input:
    """The SDK's Input; a registry answers its bounds and flags as text."""
    return Input(
        type=str(found.type),
        default=found.default,
        optional=str(found.optional).lower() != "false" and bool(found.optional),
        enum=tuple(str(choice) for choice in found.enum or ()),
        low=None if found.min is None else float(found.min),
        high=None if found.max is None else float(found.max),
    )
