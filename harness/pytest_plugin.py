"""Options, header, checks before the first step, skips with the step they need, the last lines."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError, WireError
from harness.plan import TARGETS, Plan
from harness.plan_file import read_plan
from harness.startup import (
    as_written,
    check_benchmark,
    check_reports,
    check_surroundings,
    collect_garbage,
    describe_missing_report,
    leave_garbage,
)
from harness.wire.cassette import provenance_of

if TYPE_CHECKING:
    from harness.run import Run

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("azure-ai-ml", "azure-identity", "azure-core", "azureml-mlflow", "mlflow-skinny")
PLANS = pytest.StashKey[dict[Path, Plan]]()
LEFT_OUT = pytest.StashKey[set[Path]]()
RUNS = pytest.StashKey[list["Run"]]()
COUNTS = pytest.StashKey[dict[str, Counter[str]]]()  # outcomes by scenario
SHUT = pytest.StashKey[dict[Path, str]]()  # scenarios that cannot run, and why
REPORTS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run."""
    leave_garbage()
    group = parser.getgroup("recipe")
    group.addoption("--target", choices=TARGETS, default="cassette", help="who answers the SDK")
    group.addoption("--plan", type=Path, help="plan file (default: plan.toml of the scenario)")
    group.addoption(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="change one value of the plan; repeatable",
    )
    group.addoption(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="what goes wrong on the twin, such as refuse:endpoint.delete:403; repeatable",
    )
    group.addoption(
        "--record", action="store_true", help="keep a green run as cassettes (targets azure, twin)"
    )
    group.addoption(
        "--cassettes", type=Path, default=ROOT / "cassettes", help="folder of the cassettes"
    )
    group.addoption("--reports", type=Path, default=Path("reports"), help="folder for reports")


def pytest_configure(config: pytest.Config) -> None:
    """Places to keep things for the session; `--record` needs somebody live to answer."""
    if config.getoption("--record") and config.getoption("--target") == "cassette":
        raise pytest.UsageError(
            "--record keeps what a live target answers, and cassettes are no live target. "
            "Next: pytest scenarios --target twin --record"
        )
    if config.getoption("--fault") and config.getoption("--target") != "twin":
        raise pytest.UsageError(
            "--fault is for the twin; no other target misbehaves when it is told to. "
            "Next: pytest scenarios --target twin --fault SPEC"
        )
    config.stash[LEFT_OUT], config.stash[SHUT] = set(), {}
    config.stash[PLANS], config.stash[RUNS], config.stash[REPORTS] = {}, [], []
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    config.stash[COUNTS] = counts


def pytest_report_header(config: pytest.Config) -> str:
    """Target, SDK and key package versions."""
    return f"target: {config.getoption('--target')}; " + ", ".join(
        f"{name} {_version(name)}" for name in SHOWN
    )


@pytest.hookimpl(trylast=True)  # after -k and -m
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Read the plan of every scenario that is going to run: bad input ends here."""
    for folder in {item.path.parent for item in items}:
        if (folder / "plan.toml").exists():
            try:
                check_benchmark(_fixtures(items), config.pluginmanager.has_plugin)
                config.stash[PLANS][folder] = _plan(config, folder)
                check_reports(config.getoption("--reports"))
                check_surroundings(config.stash[PLANS][folder], config.getoption("--reports"))
                _note_left_out(config, folder, items)
            except (HarnessError, pytest.UsageError) as error:
                if hasattr(config, "workeroutput"):  # of xdist, for which errors are internal
                    config.workeroutput["usage_error"] = str(error)
                    items.clear()
                    return
                raise pytest.UsageError(str(error)) from error


def _plan(config: pytest.Config, folder: Path) -> Plan:
    """The plan of a scenario; on target cassette, of the target that was recorded."""
    target, like = config.getoption("--target"), None
    if target == "cassette":
        told = provenance_of(config.getoption("--cassettes") / folder.name)
        like = str(told["target"]) if told else None
    file = config.getoption("--plan") or folder / "plan.toml"
    settings = list(config.getoption("--set"))
    if faults := config.getoption("--fault"):
        settings.append(f"twin.faults={json.dumps(faults)}")
    return read_plan(file, target, settings, like)


def _fixtures(items: list[pytest.Item]) -> set[str]:
    return {name for item in items for name in getattr(item, "fixturenames", ())}


def _note_left_out(config: pytest.Config, folder: Path, items: list[pytest.Item]) -> None:
    """Remember a scenario of which only some tests run; such a run is not recorded."""
    chosen = any("::" in argument for argument in config.args)
    if chosen or set(folder.glob("test_*.py")) - {item.path for item in items}:
        config.stash[LEFT_OUT].add(folder)
    if folder in config.stash[LEFT_OUT] and config.getoption("--record"):
        raise pytest.UsageError(
            f"--record needs all tests of {folder.name}, and some are left out. "
            f"Next: pytest {folder} --target {config.getoption('--target')} --record"
        )


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember scenarios of which -k or -m left tests out."""
    for item in items:
        item.config.stash[LEFT_OUT].add(item.path.parent)


@pytest.hookimpl(optionalhook=True)  # xdist may be switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One scenario is one worker: its steps share fixtures."""
    from harness.scheduling import scenario_scheduler

    return scenario_scheduler(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From here on garbage is collected."""
    collect_garbage()


@contextmanager
def scenario_run(config: pytest.Config, folder: Path) -> Iterator[Run]:
    """The run of the scenario in that folder, for the scenario's `run` fixture."""
    from harness.run import open_run, unopened

    reports: Path = config.getoption("--reports")
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{folder.name}-{os.getpid()}"
    plan, out = config.stash[PLANS][folder], (reports / name).resolve()
    opening = open_run(
        folder.name,
        plan,
        out,
        cassettes=config.getoption("--cassettes"),
        record=config.getoption("--record"),
        whole=folder not in config.stash[LEFT_OUT],
    )
    if plan.target != "cassette":  # a replay is over before anybody could look
        from harness.record import begin_reports

        begin_reports(out, folder.name, plan)
    config.stash[SHUT][folder] = "its target could not be opened, see the error above"
    with ExitStack() as stack:
        stack.enter_context(as_written())
        try:
            run = stack.enter_context(opening)
        except HarnessError as error:
            if out.is_dir():
                config.stash[RUNS].append(unopened(folder.name, plan, out, error))
            raise
        del config.stash[SHUT][folder]
        if run.target.name != "cassette" and not hasattr(config, "workerinput"):
            run.uncaptured = partial(_uncaptured, config)
        config.stash[RUNS].append(run)
        yield run


@contextmanager
def _uncaptured(config: pytest.Config) -> Iterator[None]:
    """Let a live step talk: hours of streaming are to be seen, and a sign-in to be answered."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is None:
        yield
        return
    capture.suspend(in_=True)
    try:
        yield
    finally:
        capture.resume()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a failed step, naming it: one broken step is one error."""
    if shut := item.config.stash[SHUT].get(item.path.parent):
        pytest.skip(f"{item.path.parent.name} cannot run: {shut}")
    for run in item.config.stash[RUNS]:
        for name, failed in run.failed().items():
            if name in getattr(item, "fixturenames", ()):
                reason = (failed.error or "").splitlines()[0]
                pytest.skip(f"needs step {failed.n} ({name}), which failed: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test's body, such as the measurement of step 8, is stopped by the limits as a step is."""
    from harness.limits import DELETE, within_limits

    n = DELETE if "cleanup" in getattr(item, "fixturenames", ()) else 0
    with ExitStack() as limits:
        for run in item.config.stash[RUNS]:
            if run.scenario == item.path.parent.name and run.current is None:
                limits.enter_context(within_limits(run, n))
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count how the tests of each scenario end."""
    report = yield
    if report.when == "call" or report.outcome != "passed":
        erred = report.outcome == "failed" and report.when != "call"
        item.config.stash[COUNTS][item.path.parent.name]["errors" if erred else report.outcome] += 1
    return report


@pytest.hookimpl(trylast=True)  # after Ctrl-C it is in this hook that pytest tears fixtures down
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write run.json, the page and the summary of each run; cassettes of a recorded green one."""
    config = session.config
    silent = config.pluginmanager.get_plugin("hypothesispytest")
    if silent and "hypothesis" not in sys.modules:  # it would import it (0.2 s) to say nothing
        config.pluginmanager.unregister(silent)
    if not config.stash[RUNS]:
        return
    from harness.record import write_reports

    for run in config.stash[RUNS]:
        try:
            config.stash[REPORTS] += write_reports(run, config.stash[COUNTS][run.scenario])
        except OSError as error:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            config.stash[REPORTS].append(describe_missing_report(run.folder, error))
        if run.recorder:
            config.stash[REPORTS] += _recorded(session, run)
    if hasattr(config, "workeroutput"):  # a worker of xdist has no terminal; the controller prints
        config.workeroutput["reports"] = config.stash[REPORTS]


def _recorded(session: pytest.Session, run: Run) -> list[str]:
    """Write the cassettes of a run that went green, or say why there are none."""
    from harness.record import STEPS, write_cassettes

    counts = session.config.stash[COUNTS][run.scenario]
    if counts["failed"] or counts["errors"] or run.passed() != set(STEPS):
        return ["recorded: nothing, because the run was not green in all nine steps"]
    try:
        return write_cassettes(run, session.config.getoption("--cassettes"))
    except WireError as error:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return [f"recorded: {error}"]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over the last lines of a worker, or the error for which it runs no test."""
    output = getattr(node, "workeroutput", {})
    if usage_error := output.get("usage_error"):
        raise pytest.UsageError(usage_error)
    node.config.stash[REPORTS] += output.get("reports", [])


@pytest.hookimpl(trylast=True)  # the last lines of a run are where to look
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Where to look."""
    for line in config.stash[REPORTS]:
        terminalreporter.write_line(line)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
