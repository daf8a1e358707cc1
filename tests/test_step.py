"""Steps: one broken step is one error, what needs it is skipped and says so, step 9 runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.report.run_record import read
from harness.scheduling import scope_of

ROOT = Path(__file__).parents[1]
CONFTEST = """
from datetime import UTC, datetime
from pathlib import Path
import pytest
from harness.janitor.ledger import Ledger
from harness.plan import Plan
from harness.pytest_plugin import RUNS
from harness.run import Run
from harness.step import step
from harness.targets.target import Target

@pytest.fixture(scope="package")
def run(request):
    here = Path(__file__).parent
    run = Run("small", Plan(), here, Target("twin", "nothing"), Ledger(here / "ledger.jsonl"),
              datetime.now(UTC))
    request.config.stash[RUNS].append(run)
    yield run
    request.config.stash[RUNS].remove(run)  # nothing to report here
    print("closed", [(s.n, s.name, s.status) for s in run.steps])

@step(1, "Connect")
def connection(run):
    return "connected"

@step(2, "Compute")
def cluster(run, connection):
    raise RuntimeError("quota is 0\\nmore")

@step(5, "Job")
def job(run, cluster):
    return "job"

@step(9, "Delete")
def cleanup(run):
    return "clean"
"""


@pytest.fixture
def scenario(pytester: pytest.Pytester) -> Path:
    """A scenario of four steps whose second breaks."""
    folder = pytester.mkdir("small")
    (folder / "__init__.py").touch()
    (folder / "conftest.py").write_text(CONFTEST)
    for n, fixture in [(1, "connection"), (2, "cluster"), (5, "job"), (9, "cleanup")]:
        (folder / f"test_{n}.py").write_text(
            f"def test_a({fixture}): assert {fixture}\ndef test_b({fixture}): assert {fixture}\n"
        )
    pytester.makeconftest('pytest_plugins = ["harness.pytest_plugin"]')
    return folder


def test_one_error_and_skips_that_name_the_step(pytester: pytest.Pytester, scenario: Path) -> None:
    """Two tests pass, one errs, three are skipped naming it, and both of step 9 pass."""
    result = pytester.runpytest("-rs", "--import-mode=importlib", "small", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=4, errors=1, skipped=3)
    result.stdout.fnmatch_lines(
        ["*needs step 2 (cluster), which failed: RuntimeError: quota is 0*"]
    )


def test_a_target_that_does_not_open_is_one_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first test errs with the reason, all others are skipped, and a page says so."""
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", "absent")
    folder = pytester.mkdir("small")
    (folder / "__init__.py").touch()
    (folder / "plan.toml").touch()
    (folder / "conftest.py").write_text(
        "from pathlib import Path\nimport pytest\n"
        "from harness.pytest_plugin import scenario_run\n"
        "@pytest.fixture(scope='package')\n"
        "def run(request):\n"
        "    with scenario_run(request.config, Path(__file__).parent) as run:\n"
        "        yield run\n"
    )
    (folder / "test_1.py").write_text("def test_a(run): pass\ndef test_b(run): pass\n")
    pytester.makeconftest('pytest_plugins = ["harness.pytest_plugin"]')

    result = pytester.runpytest("-rs", "--import-mode=importlib", "small", "--target", "twin")

    result.assert_outcomes(errors=1, skipped=1)
    result.stdout.fnmatch_lines(["*Next: make twin-env*", "*small cannot run: its target could*"])
    record = read(pytester.path / "reports/latest/run.json")
    assert (record.outcome, {step.status for step in record.steps}) == ("failed", {"skipped"})
    (finding,) = record.findings
    assert ("environment is missing" in finding.what, finding.next) == (True, "make twin-env")
    result.stdout.fnmatch_lines(["*small: No step ran on the twin: the twin's environment is*"])
    assert "make twin-env" in (pytester.path / "reports/latest/index.html").read_text()


def test_a_step_runs_once(pytester: pytest.Pytester, scenario: Path) -> None:
    """Each step is taken once for all the tests of the scenario, in the order they need."""
    result = pytester.runpytest("-s", "--import-mode=importlib", "small", "-p", "no:cacheprovider")

    result.stdout.fnmatch_lines(
        [
            "*closed [[](1, 'connection', 'passed'), (2, 'cluster', 'failed'), "
            "(9, 'cleanup', 'passed')[]]*"
        ]
    )


def test_bad_plan_ends_before_any_test(pytester: pytest.Pytester, scenario: Path) -> None:
    """A problem in the plan is a usage error with the whole list, and no step is taken."""
    (scenario / "plan.toml").write_text("[compute]\nsise = 1\n")

    result = pytester.runpytest("--import-mode=importlib", "small", "--set", "data.percent=0")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*2 problem(s); nothing was created*", "*compute.sise*"])
    assert "passed" not in result.stdout.str()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--reports /dev/null/nowhere", "no report can be written to /dev/null/nowhere"),
        ("--set compute.sise=1", "compute.sise is unknown"),
        ("--target twin --record -k connect", "--record needs all tests of finetune_chat"),
    ],
)
def test_an_error_before_the_run_is_the_same_under_xdist(
    tmp_path: Path, options: str, says: str
) -> None:
    """One message and the usual exit code, though workers are who collect."""
    command = [sys.executable, "-m", "pytest", "scenarios", "-n", "2", "-p", "no:cacheprovider"]
    command += ["--reports", str(tmp_path), *options.split()]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout
    assert [line for line in done.stderr.splitlines() if says in line]
    assert done.stderr.count("ERROR: ") == 1
    assert "INTERNALERROR" not in done.stdout + done.stderr


def test_header_names_target_and_sdk(pytester: pytest.Pytester, scenario: Path) -> None:
    """The first lines of a run tell who answers and which SDK asks."""
    result = pytester.runpytest("--import-mode=importlib", "small", "--target", "twin")

    result.stdout.fnmatch_lines(["target: twin; azure-ai-ml *, azure-identity *"])


def test_a_scenario_stays_on_one_worker(pytester: pytest.Pytester) -> None:
    """Under xdist all tests of a scenario run in one process, those of two may not."""
    for name in ("one", "two"):
        folder = pytester.path / "scenarios" / name
        folder.mkdir(parents=True)
        for n in range(4):
            (folder / f"test_{n}.py").write_text(
                "import os, pytest\n"
                "@pytest.mark.parametrize('i', range(3))\n"
                f"def test_it(i, worker_id): open('{name}-' + worker_id, 'w').close()\n"
            )
    pytester.makeconftest('pytest_plugins = ["harness.pytest_plugin"]')

    result = pytester.runpytest_subprocess(
        "--import-mode=importlib", "-n", "2", "-p", "no:benchmark", "scenarios"
    )

    result.assert_outcomes(passed=24)
    for name in ("one", "two"):
        assert len(list(pytester.path.glob(f"{name}-gw*"))) == 1


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("scenarios/one/test_1.py::test_a", "scenarios/one"),
        ("tests/wire/test_tape.py::test_a", "tests/wire/test_tape.py"),
        ("tests/scenarios/test_failures.py::test_a[x]", "tests/scenarios"),
        (
            "tests/environment/test_table.py::test_a[x]",
            "tests/environment/test_table.py::test_a[x]",
        ),
    ],
)
def test_what_runs_together(nodeid: str, scope: str) -> None:
    """A scenario, else a file; tests about whole runs share what is dear to make."""
    assert scope_of(nodeid) == scope
