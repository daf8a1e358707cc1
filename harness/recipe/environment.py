"""What is installed here, what contradicts itself, and what imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import Distribution, distributions

from harness.checks.facts import Packages

MODULES = ("azure.ai.ml", "mlflow", "azureml.mlflow")


def read_packages() -> Packages:
    """The packages on this interpreter's path; the modules of the recipe are imported."""
    found = _installed()
    return Packages(
        versions={name: each.version for name, each in found.items()},
        conflicts=tuple(_conflicts(found)),
        imports={module: _imported(module) for module in MODULES},
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
