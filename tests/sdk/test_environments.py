"""Environments of releases: made from a real index, on a real socket, and imported for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SdkError
from harness.sdk import environments, packages, releases, runs
from harness.sdk.bisect import bisect
from harness.sdk.culprits import culprits
from harness.sdk.environments import environment, imported
from harness.sdk.look import Question, other_pins
from harness.sdk.matrix import fresh_import, matrix, tried_with, with_probes
from harness.sdk.row import Import, Row, read_row, write_row
from tests.programs import write_shell_program


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


def test_what_is_rather_had_is_taken_where_it_can_be(home: Path) -> None:
    """A version that the request allows; else the newest, and no error."""
    rather = ["marshmallow==3.22", "six==1.0"]

    assert packages.resolved(["marshmallow"], prefer=rather) == ("marshmallow==3.22",)
    assert packages.resolved(["marshmallow>3.22", "six"], prefer=rather) == (
        "marshmallow==4.0",
        "six==1.17",
    )


def test_a_version_of_another_package_may_move_what_it_cannot_stand_beside(home: Path) -> None:
    """pytest 8 comes with a release that cannot have ours; all else is as in our environment."""
    found = tried_with("1.33.0+six==1.17", home).pins

    assert {"six==1.17", "pytest==8.0"} <= {*found}
    assert {pin for pin in releases.tools() if "==" in pin} - {*found} == {
        pin for pin in releases.tools() if pin.startswith("pytest==")
    }


def test_versions_come_oldest_first(home: Path) -> None:
    """All that the index has, in order."""
    assert packages.versions("marshmallow") == ("3.1", "3.22", "3.23", "3.24", "4.0")


def test_an_import_is_judged_in_its_own_process(home: Path) -> None:
    """A release that imports, one that does not, and one that does not even install."""
    assert fresh_import("1.36.0", home).error == ""
    assert "cannot import name '_T'" in fresh_import("1.35.0", home).error
    assert "no-such-package" in fresh_import("1.37.0", home).installs


@pytest.mark.parametrize(
    ("version", "says"), [("1.31.0", "exit code 3"), ("1.32.0", "not done after 2 s")]
)
def test_an_import_that_never_answers_is_one_that_fails(
    home: Path, monkeypatch: pytest.MonkeyPatch, version: str, says: str
) -> None:
    """A process that dies or hangs: the release installs, does not import, and has its row."""
    monkeypatch.setattr(environments, "_IMPORT_SECONDS", 2)

    found = fresh_import(version, home)

    assert found.installs == ""
    assert says in found.error


def test_a_release_that_the_tools_contradict_keeps_its_import(home: Path) -> None:
    """Alone it installs and imports; beside our pytest it does not, and only that is told."""
    (row,) = matrix(["1.33.0"], said, home)

    assert (row.today.installs, row.today.error) == ("", "")
    assert row.ran is not None
    assert row.ran.outcome == "did not start"
    assert "pytest" in row.ran.error
    assert read_row(home, "1.33.0") == row


def test_a_twin_that_does_not_start_is_a_row(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends one run ends no matrix: the next release has its row as well."""
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", "/usr/bin/false")

    rows = matrix(["1.36.0", "1.38.0b1"], said, home)

    assert [row.version for row in rows] == ["1.36.0", "1.38.0b1"]
    assert [row.today.error for row in rows] == ["", ""]
    assert ["twin" in row.ran.error for row in rows if row.ran] == [True, True]


@pytest.mark.parametrize("script", ["exit 3", "exec sleep 600"])
def test_probes_that_fail_leave_the_run_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """The run is told, with why nothing is known of the rest."""
    monkeypatch.setattr(runs, "_RUN_SECONDS", 0.5)
    python = write_shell_program(tmp_path / "python", script)
    green = runs.Ran("passed", 80, 20.0, "", "", ())

    ran = with_probes(green, python, tmp_path / "ready.json", tmp_path / "behaviour.json")

    assert (ran.outcome, ran.requests) == ("passed", 80)
    assert ran.error.startswith("the probes ")


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


def test_a_release_without_probes_answered_is_named(home: Path) -> None:
    """A claim about a probe, on a release whose run failed: what broke, and how to try again."""
    ran = runs.Ran("failed", 3, 9.0, "step 1: no", "", ())
    write_row(home, Row("1.35.0", "2024-03-01", Import("", 1.0, (), "", 1.0, ()), ran=ran))

    with pytest.raises(SdkError, match=r"1\.35\.0 .*step 1: no\n.*--again --releases 1\.35\.0"):
        bisect(Question("1.35.0", "1.36.0", "job_status"), said, home)


def test_the_newest_release_has_a_name(home: Path) -> None:
    """A pre-release is the newest only where it is asked for."""
    assert releases.named("newest") == "1.37.0"
    assert releases.named("newest-pre") == "1.38.0b1"
