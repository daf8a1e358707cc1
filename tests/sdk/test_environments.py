"""Environments of releases: made from a real index, on a real socket, and imported for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SdkError
from harness.sdk import packages, releases
from harness.sdk.bisect import Question, bisect, other_pins
from harness.sdk.culprits import culprits
from harness.sdk.environments import environment, imported
from harness.sdk.matrix import fresh_import


def said(_: str) -> None:
    """Progress that nobody reads."""


def test_an_environment_is_made_once(home: Path) -> None:
    """The same request finds the environment that is there; it holds what was resolved."""
    first = environment(["six"], home)
    (first.folder / "still here").touch()

    again = environment(["six"], home)

    assert (again.folder / "still here").exists()
    assert again.pins == ("six==1.17",)
    assert [each.name for each in again.folder.rglob("six-*.dist-info")] == ["six-1.17.dist-info"]


def test_a_release_resolves_as_of_its_day(home: Path) -> None:
    """What came later than a day is not there on that day."""
    today = environment(releases.fresh("1.35.0"), home)
    then = environment(releases.fresh("1.35.0"), home, before="2024-03-01")

    assert "marshmallow==4.0" in today.pins
    assert "marshmallow==3.22" in then.pins
    assert packages.published("azure-ai-ml", "1.35.0") == "2024-03-01"


def test_versions_come_oldest_first(home: Path) -> None:
    """All that the index has, in order."""
    assert packages.versions("marshmallow") == ("3.1", "3.22", "3.23", "3.24", "4.0")


def test_an_import_is_judged_in_its_own_process(home: Path) -> None:
    """A release that imports, one that does not, and one that does not even install."""
    assert fresh_import("1.36.0", home).error == ""
    assert "cannot import name '_T'" in fresh_import("1.35.0", home).error
    assert "no-such-package" in fresh_import("1.37.0", home).installs


def test_both_culprits_are_found(home: Path) -> None:
    """The version that took a name away, then the package that was never declared."""
    made = environment(releases.fresh("1.34.0"), home)

    found = culprits(made, "1.34.0", home)

    assert [(each.package, each.works, each.breaks) for each in found] == [
        ("marshmallow", "3.23", "3.24"),
        ("six", "", ""),
    ]
    assert [each.pin for each in found] == ["marshmallow<3.24", "six"]
    mended = environment([*releases.fresh("1.34.0"), *(each.pin for each in found)], home)
    assert imported(mended.python).error == ""


def test_bisect_finds_the_first_release_that_imports_otherwise(home: Path) -> None:
    """Backwards as well: from a good new release to a bad old one."""
    found = bisect(Question("1.36.0", "1.34.0", "import"), said, home)

    assert (found.good, found.bad) == ("1.36.0", "1.35.0")
    assert "azure-ai-ml==1.35.0" in found.again


def test_bisect_finds_the_version_of_another_package(home: Path) -> None:
    """The release stays; the command repeats the failure with the first bad version."""
    found = bisect(Question("3.1", "4.0", "import", "marshmallow", "1.35.0"), said, home)

    assert (found.good, found.bad) == ("3.23", "3.24")
    assert "'marshmallow==3.24'" in found.again
    assert "'azure-ai-ml==1.35.0'" in found.again


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [("1.35.0", "1.36.0", "is not good"), ("1.36.0", "1.36.0", "does not differ")],
)
def test_bisect_refuses_ends_that_do_not_differ(home: Path, good: str, bad: str, says: str) -> None:
    """A search between two that are equal would name an innocent version."""
    with pytest.raises(SdkError, match=says):
        bisect(Question(good, bad, "import"), said, home)


def test_bisect_names_what_can_be_claimed(home: Path) -> None:
    """A typo in the claim ends before anything is built."""
    with pytest.raises(SdkError, match="batch_endpoint_defaults"):
        bisect(Question("1.35.0", "1.36.0", "compute.creat"), said, home)
    assert not home.exists()


def test_bisect_leaves_out_the_pin_of_the_package_alone() -> None:
    """`marshmallow` is searched; what only begins like it stays."""
    searched = Question("3.1", "4.0", "import", "Marsh_mallow", "1.20.0")
    pins = ("marsh-mallow<4", "marsh-mallow-skinny<2", "six")

    assert other_pins(searched.package, pins) == ["marsh-mallow-skinny<2", "six"]


def test_the_newest_release_has_a_name(home: Path) -> None:
    """A pre-release is the newest only where it is asked for."""
    assert releases.named("newest") == "1.37.0"
    assert releases.named("newest-pre") == "1.38.0b1"
