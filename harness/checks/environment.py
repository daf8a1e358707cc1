"""The Python environment of this process: does the SDK import, do its parts agree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.checks.facts import Packages
from harness.checks.finding import Finding

FILE = Path(__file__).resolve().parents[2] / "data" / "known_bad.json"
_CHECK = "python -m pip check"


@dataclass(frozen=True)
class Pair:
    """Two packages that install together and do not work together, from data/known_bad.json."""

    package: str
    versions: str
    other: str
    those: str
    stops: bool
    what: str
    fix: str
    source: str

    def met_by(self, versions: Mapping[str, str]) -> bool:
        """Whether both are installed in these versions (or the second is not, if that is it)."""
        mine, theirs = versions.get(self.package), versions.get(self.other)
        if mine is None or not _within(mine, self.versions):
            return False
        if self.those == "absent":
            return theirs is None
        return theirs is not None and _within(theirs, self.those)


def imports(packages: Packages) -> Iterator[Finding]:
    """The modules that the recipe uses import."""
    count, path = len(packages.versions), packages.pythonpath
    evidence, cure = f"{count} packages are installed", f"{_CHECK}; then make clean light"
    if path:
        evidence = f"PYTHONPATH={path} comes before the {count} packages that are installed"
        cure = f"unset PYTHONPATH, then run again; if it ends so again, {cure}"
    for module, error in packages.imports.items():
        if error:
            yield Finding(
                "error",
                f"importing {module} ends in {error}",
                module,
                evidence,
                "SDK environment",
                f"{cure}, or mend what it names",
            )


def known_bad(packages: Packages) -> Iterator[Finding]:
    """No two packages are installed that are known not to work together."""
    for pair in pairs():
        if pair.met_by(packages.versions):
            here = packages.versions.get(pair.other, "is absent")
            yield Finding(
                "error" if pair.stops else "warning",
                f"{pair.package} {packages.versions[pair.package]} with {pair.other} {here}: "
                f"{pair.what}",
                pair.package,
                pair.source,
                "SDK environment",
                pair.fix,
            )


def requirements(packages: Packages) -> Iterator[Finding]:
    """Every installed package has what it requires, as `pip check` would say."""
    for conflict in packages.conflicts:
        yield Finding(
            "warning",
            conflict,
            conflict.split()[0],
            "the metadata of the installed packages",
            "SDK environment",
            _CHECK,
        )


def mlflow(packages: Packages) -> Iterator[Finding]:
    """mlflow and mlflow-skinny, which share their files, are of one release."""
    whole, skinny = packages.versions.get("mlflow"), packages.versions.get("mlflow-skinny")
    if whole and skinny and whole != skinny:
        yield Finding(
            "error",
            f"mlflow {whole} and mlflow-skinny {skinny} are installed over each other",
            "mlflow",
            "both write the folder mlflow/; whichever came last is what runs",
            "SDK environment",
            "python -m pip uninstall mlflow; python -m pip install --force-reinstall "
            f"mlflow-skinny=={skinny}",
        )


@cache
def pairs() -> tuple[Pair, ...]:
    """The known pairs."""
    told = json.loads(FILE.read_text(encoding="utf-8"))["pairs"]
    return tuple(
        Pair(**{"other" if key == "with" else key: value for key, value in each.items()})
        for each in told
    )


def _within(version: str, specifier: str) -> bool:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier).contains(version, prereleases=True)
