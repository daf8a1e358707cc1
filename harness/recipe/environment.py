"""What is installed here, what contradicts itself, and what imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

from harness.checks.facts import Packages

if TYPE_CHECKING:
    from harness.plan import Plan

MODULES = ("azure.ai.ml", "mlflow", "azureml.mlflow")


def modules_of(plan: Plan) -> tuple[str, ...]:
    """What the plan's run imports; `datasets` only where the data come from the hub."""
    return (*MODULES, "datasets") if plan.data.source == "hub" else MODULES


def read_packages(modules: Iterable[str] = MODULES) -> Packages:
    """The packages on this interpreter's path, and whether these modules import."""
    found = _installed()
    return Packages(
        versions={name: each.version for name, each in found.items()},
        conflicts=tuple(_conflicts(found)),
        imports={module: _imported(module) for module in modules},
    )


def _installed() -> dict[str, Distribution]:
    """By normalised name; of two, the one that comes first on the path is imported."""
    from packaging.utils import canonicalize_name

    found: dict[str, Distribution] = {}
    for each in distributions():
        found.setdefault(canonicalize_name(each.metadata["Name"]), each)
    return found


def _conflicts(installed: Mapping[str, Distribution]) -> Iterator[str]:
    """What `pip check` says, in its words."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    for name, each in sorted(installed.items()):
        for text in each.requires or ():
            wanted = Requirement(text)
            if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
                continue
            there = installed.get(canonicalize_name(wanted.name))
            if there is None:
                yield f"{name} {each.version} requires {wanted.name}, which is not installed"
            elif not wanted.specifier.contains(there.version, prereleases=True):
                yield (
                    f"{name} {each.version} has requirement {wanted}, "
                    f"but you have {wanted.name} {there.version}"
                )


def _imported(module: str) -> str:
    """Import it; the error in a line, or nothing."""
    try:
        import_module(module)
    except Exception as error:  # broken packages raise AttributeError, NotImplementedError, ...
        return f"{type(error).__name__}: {error}"
    return ""
