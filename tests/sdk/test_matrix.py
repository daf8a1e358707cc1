"""The matrix: rows are kept, told in a table, and none of them is a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import SdkError
from harness.sdk import command, releases
from harness.sdk.culprits import first_bad
from harness.sdk.diff import Compared, fresh_differences, machine, recorded, told
from harness.sdk.matrix import alone
from harness.sdk.probes import PROBES, USED, signature
from harness.sdk.row import Import, Row, read_row, write_row
from harness.sdk.runs import Ran, _read
from harness.sdk.table import page, table
from harness.wire_diff.change import Change

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints" / "light.txt"
FINE = Import("", 2.0, (), "", 3.0, ("DeprecationWarning: x",))
BROKEN = replace(FINE, error="ModuleNotFoundError: No module named 'six'", culprits=("six is",))
GREEN = Ran("passed", 80, 20.0, "", "", ())
ROW = Row("1.34.1", "2026-07-15", BROKEN, FINE, ("six",), GREEN, ("six==1.17",), "2026-11-22")


def test_a_row_is_read_as_it_was_written(tmp_path: Path) -> None:
    """What a trial found is there for the next command."""
    write_row(tmp_path, ROW)

    assert read_row(tmp_path, "1.34.1") == ROW
    assert read_row(tmp_path, "1.35.0") is None


def test_the_table_tells_what_each_release_does() -> None:
    """A line a release; the culprit, the error of the run and our own line stand below."""
    failed = replace(
        ROW,
        version="1.11.1",
        ran=Ran("failed", 3, 9.0, "step 1 (connection): TypeError", "harness/step.py:9", ()),
    )
    text = table([ROW, failed, replace(ROW, version="1.0.0", ran=None)])

    assert "| 1.34.1 | 2026-07-15 | **does not import**: ModuleNotFoundError" in text
    assert "| imports, 3.0 s | `six` | passed, 20 s | 80 | 0 |" in text
    assert "- 1.34.1: six is" in text
    assert "- 1.11.1: run: step 1 (connection): TypeError (harness: harness/step.py:9)" in text
    assert "| 1.0.0 |" in text
    assert "| not run |" in text


def test_the_page_says_when_and_against_what() -> None:
    """A table without its target would be read as one about Azure."""
    text = page([ROW], "2026-11-22")

    assert "2026-11-22" in text
    assert "**the twin**" in text


def test_the_page_says_that_rows_cannot_be_compared() -> None:
    """Only where they were tried with different states of the recipe."""
    other = replace(ROW, version="1.35.0", recipe="355a2496c6e0")

    assert "more than one state of the recipe" in page([ROW, other], "2026-11-22")
    assert "more than one state" not in page([ROW, ROW], "2026-11-22")


def test_a_run_without_a_record_is_told_by_its_last_line(tmp_path: Path) -> None:
    """A release with which not even pytest starts has a row all the same."""
    text = "Traceback\nharness/wire/hook.py:12: in hooked\nImportError: no requests\n"

    (tmp_path / "log").write_text(text)

    ran = _read(4, tmp_path, 1.0)

    assert (ran.outcome, ran.error) == ("did not start", "ImportError: no requests")
    assert ran.where == "harness/wire/hook.py:12"


def test_a_failed_step_is_the_first_error(tmp_path: Path) -> None:
    """The step that broke is named, and how often anything was asked."""
    record = tmp_path / "reports" / "latest" / "run.json"
    record.parent.mkdir(parents=True)
    steps = [{"n": 1, "name": "connection", "error": None}, {"n": 2, "name": "m", "error": "no"}]
    record.write_text(json.dumps({"steps": steps, "exchanges": 7}), encoding="utf-8")

    ran = _read(1, tmp_path, 1.0)

    assert (ran.outcome, ran.requests, ran.error) == ("failed", 7, "step 2 (m): no")


def test_what_a_run_met_is_read_from_what_its_plugin_wrote(tmp_path: Path) -> None:
    """Warnings, the first failure and the line of ours in it; what a test prints is none of it."""
    (tmp_path / "test_red.py").write_text(
        "import warnings\n"
        "def test_red():\n"
        "    print('\\nFAILED printed - no failure\\n  a.py:1: FakeWarning: printed')\n"
        "    warnings.warn('old\\nand gone', FutureWarning)\n"
        "    exec(compile('def f(): 1 / 0\\nf()', 'harness/broken.py', 'exec'), {})\n"
    )
    command = [sys.executable, "-m", "pytest", "test_red.py", "-s", "-q", "--tb=short"]
    command += ["-p", "harness.sdk.outcome_plugin", "-p", "no:cacheprovider"]
    env = {**os.environ, "HARNESS_OUTCOME": str(tmp_path / "outcome.json"), "PYTHONPATH": str(ROOT)}
    code = subprocess.run(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL).returncode
    record = tmp_path / "reports" / "latest" / "run.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"steps": [], "exchanges": 7}), encoding="utf-8")

    ran = _read(code, tmp_path, 1.0)

    assert (code, ran.outcome) == (1, "failed")
    assert ran.error == "test_red.py::test_red - ZeroDivisionError: division by zero"
    assert ran.where == "harness/broken.py:1"
    assert ran.warnings == ("FutureWarning: old",)


@pytest.mark.parametrize("first", range(1, 9))
def test_the_first_bad_version_is_found_in_few_looks(first: int) -> None:
    """Nine versions, bad from any of them on: it is named after at most three looks."""
    looked = []

    def bad(version: str) -> bool:
        looked.append(version)
        return int(version) >= first

    found = first_bad([str(n) for n in range(9)], bad)

    assert found == (str(first - 1), str(first))
    assert len(looked) <= 3


def test_nothing_lies_between_one_version() -> None:
    """A search needs two ends."""
    with pytest.raises(SdkError, match=r"nothing between 1\.0"):
        first_bad(["1.0"], lambda _: True)


def test_every_listed_release_has_pins_that_parse() -> None:
    """The data file: at least a dozen releases, and what each needs beside it."""
    assert len(releases.listed()) >= 12
    assert releases.pins("1.35.2") == ()
    assert releases.pins("1.34.1") == ("six",)
    assert "marshmallow<3.24" in releases.pins("1.20.0")
    assert "marshmallow<4" in releases.pins("1.24.0")
    assert releases.unset("1.11.1") == ("AZUREML_RUN_POLLING_INTERVAL_MIN",)
    assert releases.unset("1.35.2") == ()
    assert releases.distribution_of("yaml.nodes") == "PyYAML"


def test_the_tools_are_pinned_as_in_our_own_environment() -> None:
    """All releases run with the same pytest, and without what only the hub needs."""
    tools = releases.tools()

    assert "pytest==9.2.0" in tools
    assert not [tool for tool in tools if tool.startswith(("azure-ai-ml", "datasets"))]


def test_a_diff_says_what_is_worst() -> None:
    """The exit code follows the worst; text and JSON hold the same changes."""
    change = Change("api-version", 3, "compute.get", "query api-version", "1", "2")
    quiet = Compared(ROW, replace(ROW, version="1.35.0"), (), (), (), (80, 80))
    found = replace(quiet, wire=(change,))

    assert (quiet.worst, found.worst) == ("none", "risky")
    assert "compute.get (step 3)" in "\n".join(told(found))
    assert json.loads(machine(found))["requests"][0]["severity"] == "risky"


def test_a_release_that_does_not_run_has_no_recording() -> None:
    """The message says what broke, and how to try again."""
    broken = replace(ROW, ran=Ran("failed", 3, 9.0, "step 1: no", "", ()))

    with pytest.raises(SdkError, match=r"step 1: no(.|\n)*--again --releases 1\.34\.1"):
        recorded(broken)


@pytest.mark.parametrize(
    "words",
    [
        ["bisect", "--good", "1.35.O", "--bad", "1.35.2", "--", "import"],
        ["bisect", "--good", "1.35.2", "--bad", "pined", "--", "import"],
        ["bisect", "--good", "1", "--bad", "2", "--package", "six", "--sdk", "1.x", "--", "import"],
        ["diff", "1.35.2", "latest"],
        ["matrix", "--releases", "1.35.2,old"],
    ],
)
def test_a_name_that_is_no_version_is_told(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A typo ends with exit code 2 and the names there are, and builds nothing."""
    assert command.main(words) == 2
    told = capsys.readouterr().err
    assert "is no version" in told
    assert "Next: " in told


def test_a_search_takes_the_names_that_a_comparison_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`pinned` is a version in `bisect` too, of the package that is searched."""
    ends = ["--good", "pinned", "--bad", "pinned"]

    assert command.main(["bisect", *ends, "--", "nonsense"]) == 2
    assert "is no claim" in capsys.readouterr().err
    assert releases.named("pinned", "pandas") in CONSTRAINTS.read_text(encoding="utf-8")
    with pytest.raises(SdkError, match="no-such-package is not pinned"):
        releases.named("pinned", "no-such-package")


def test_what_a_recording_is_made_of_is_in_its_digest(tmp_path: Path) -> None:
    """Another twin, another record of the wire or another probe: what was kept is stale."""
    digests = set()
    for name in (
        "scenarios/finetune_chat/plan.toml",
        "harness/recipe/deploy.py",
        "harness/twin/routes/jobs.py",
        "harness/wire/scrub.py",
        "harness/sdk/probes.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("one", encoding="utf-8")
        digests.add(releases.recipe(tmp_path))
    compiled = tmp_path / "harness" / "twin" / "__pycache__" / "jobs.pyc"
    compiled.parent.mkdir()
    compiled.write_text("one", encoding="utf-8")

    assert len(digests) == 5
    assert releases.recipe(tmp_path) in digests


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """A claim that is none: exit code 2 and the claims there are."""
    code = command.main(["bisect", "--good", "1", "--bad", "2", "--", "nonsense"])

    assert code == 2
    assert "batch_endpoint_defaults" in capsys.readouterr().err


@pytest.mark.parametrize("name", USED)
def test_every_name_that_is_watched_exists_here(name: str) -> None:
    """A misspelt name would be absent in every release, and never differ."""
    assert signature(name) is not None


@pytest.mark.parametrize("name", PROBES)
def test_every_probe_says_what_it_asks(name: str) -> None:
    """Its docstring is its claim."""
    assert PROBES[name].__doc__


def test_the_pinned_release_has_a_name() -> None:
    """`sdk diff pinned newest` needs no version typed; a version stands for itself."""
    assert f"azure-ai-ml=={releases.named('pinned')}" in CONSTRAINTS.read_text(encoding="utf-8")
    assert releases.named("1.30.0") == "1.30.0"


@pytest.mark.parametrize(
    ("one", "two", "kinds"),
    [
        (BROKEN, FINE, ["import mended"]),
        (FINE, BROKEN, ["import broken"]),
        (replace(BROKEN, error="ImportError: _T"), BROKEN, ["import broken otherwise"]),
        (BROKEN, BROKEN, []),
    ],
)
def test_a_fresh_import_is_compared(one: Import, two: Import, kinds: list[str]) -> None:
    """Broken by the same thing is no difference, by another one is."""
    assert [each.kind for each in fresh_differences(one, two)] == kinds


def test_two_commands_wait_for_each_other(tmp_path: Path) -> None:
    """The second says that it waits, and goes on when the first is done."""
    said, entered = list[str](), threading.Event()

    def second() -> None:
        with alone(tmp_path, said.append):
            entered.set()

    with alone(tmp_path, said.append):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.2)
    thread.join(10)

    assert entered.is_set()
    assert said == [f"waiting for another command that uses {tmp_path}"]
