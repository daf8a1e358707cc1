"""The environment: known breaks by name, contradictions as pip says them, imports that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks.environment import Pair, pairs
from harness.checks.facts import Packages
from harness.recipe.environment import read_packages
from tests.checks.made import findings, names

SPARE = {"": "1.0", "==2.9.0": "2.9.0", "absent": "", ">=21": "21.0.0", ">=2023.10": "2023.10.0"}
EXAMPLES = {  # a version that a specifier of the data holds for, and one it does not
    "==2.9.0": ("2.9.0", "2.10.0"),
    ">=21": ("21.0.0", "20.0.0"),
    ">=2023.10": ("2023.10.0", "2023.9.2"),
    "<=1.34.1": ("1.34.1", "1.35.0"),
    "<1.23.1": ("1.23.0", "1.23.1"),
    ">=3.24": ("3.26.2", "3.23.3"),
    "<1.26.3": ("1.26.2", "1.26.3"),
    ">=4": ("4.4.0", "3.26.2"),
    ">=1.33.0,<=1.34.0": ("1.34.0", "1.34.1"),
    ">=2.19": ("3.17.2", "2.18.0"),
    ">3.15.0": ("3.17.2", "3.15.0"),
    "<=1.62.0.post6": ("1.62.0.post6", "1.63.0"),
    "": ("1.0", "1.0"),
}


def test_this_environment_is_fine() -> None:
    """What `make light` installs imports, contradicts nothing and is no known bad pair."""
    assert findings("environment", packages=read_packages()) == []


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: f"{pair.package}-{pair.other}")
def test_each_known_pair_is_found_at_its_bounds(pair: Pair) -> None:
    """In the named versions it is met, one release past them it is not."""
    (bad, good) = EXAMPLES[pair.versions]
    other = {} if pair.those == "absent" else {pair.other: EXAMPLES[pair.those][0]}

    assert pair.met_by({pair.package: bad, **other})
    assert not pair.met_by({pair.package: good, **other}) or good == bad
    assert not pair.met_by(other)
    fine = "1.17.0" if pair.those == "absent" else EXAMPLES[pair.those][1]
    assert not pair.met_by({pair.package: bad, pair.other: fine}) or pair.those == ""


def test_the_finding_of_a_pair_says_what_to_type() -> None:
    """The notebook's own pin with a current pyarrow, and the line that mends it."""
    packages = Packages({"datasets": "2.9.0", "pyarrow": "25.0.0", "six": "1.17.0"})

    (found,) = findings("environment", packages=packages)

    assert (found.severity, found.check) == ("error", "environment.known_bad")
    assert found.blame == "SDK environment"
    assert "PyExtensionType" in found.what
    assert found.next == "python -m pip install --upgrade datasets"


def test_mlflow_and_skinny_of_two_releases() -> None:
    """What `pip install mlflow azureml-mlflow` leaves: one overwrote part of the other."""
    packages = Packages({"mlflow": "3.17.2", "mlflow-skinny": "3.15.0", "azureml-mlflow": "1.62.0"})

    assert names(findings("environment", packages=packages)) == [
        "warning: environment.known_bad",
        "error: environment.mlflow",
    ]


def test_an_import_that_fails() -> None:
    """The error is quoted; which package it is about is for pip to say."""
    error = "ImportError: cannot import name '_T' from 'marshmallow.fields'"

    (found,) = findings("environment", packages=Packages({}, imports={"azure.ai.ml": error}))

    assert found.what == f"importing azure.ai.ml ends in {error}"


def test_planted_packages_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real metadata on the path: an old datasets, packages whose requirements are not met."""
    install(tmp_path, "datasets", "2.9.0")
    install(tmp_path, "old-thing", "1.0", requires="pandas<1; python_version>'3'")
    install(tmp_path, "other-thing", "1.0", requires="no-such-package")
    install(tmp_path, "spare-thing", "1.0", requires="no-such-package; extra == 'spare'")
    (tmp_path / "~ld_thing-1.0.dist-info").mkdir()  # pip was interrupted
    monkeypatch.syspath_prepend(tmp_path)

    found = findings("environment", packages=read_packages())

    assert (
        names(found)
        == ["error: environment.known_bad"] * 2 + ["warning: environment.requirements"] * 2
    )
    assert "old-thing 1.0 has requirement pandas<1" in found[2].what
    assert found[3].what == "other-thing 1.0 requires no-such-package, which is not installed"


def install(folder: Path, name: str, version: str, requires: str | None = None) -> None:
    """The metadata of a package, as pip leaves it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
    )


def test_what_an_interrupted_install_left_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without metadata is passed over; an egg is read like any other package."""
    (tmp_path / "broken-1.0.dist-info").mkdir()
    egg = tmp_path / "laid_egg.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: laid-egg\nVersion: 3\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert read_packages(()).versions["laid-egg"] == "3"
