"""Options, header, skips that name the step they need, and the report at the end. No logic."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import PlanError
from harness.plan import TARGETS, Plan, read_plan

if TYPE_CHECKING:
    from harness.run import Run

SHOWN = ("azure-ai-ml", "azure-identity", "azure-core", "azureml-mlflow", "mlflow-skinny")
PLANS = pytest.StashKey[dict[Path, Plan]]()
RUNS = pytest.StashKey[list["Run"]]()
COUNTS = pytest.StashKey[dict[str, Counter[str]]]()  # outcomes by scenario
REPORTS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a run."""
    group = parser.getgroup("recipe")
    group.addoption("--target", choices=TARGETS, default="twin", help="who answers the SDK")
    group.addoption("--plan", type=Path, help="plan file (default: plan.toml of the scenario)")
    group.addoption(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="change one value of the plan; repeatable",
    )
    group.addoption("--reports", type=Path, default=Path("reports"), help="folder for reports")


def pytest_configure(config: pytest.Config) -> None:
    """Places to keep things for the session."""
    config.stash[PLANS], config.stash[RUNS], config.stash[REPORTS] = {}, [], []
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    config.stash[COUNTS] = counts


def pytest_report_header(config: pytest.Config) -> str:
    """Target, SDK and key package versions."""
    return f"target: {config.getoption('--target')}; " + ", ".join(
        f"{name} {_version(name)}" for name in SHOWN
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Read the plan of every scenario that is going to run: bad input ends here."""
    for folder in {item.path.parent for item in items}:
        if (folder / "plan.toml").exists():
            try:
                config.stash[PLANS][folder] = read_plan(
                    config.getoption("--plan") or folder / "plan.toml",
                    config.getoption("--target"),
                    config.getoption("--set"),
                )
            except PlanError as error:
                raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(optionalhook=True)  # xdist may be switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One scenario is one worker: its steps share fixtures."""
    from harness.scheduling import scenario_scheduler

    return scenario_scheduler(config, log)


@contextmanager
def scenario_run(config: pytest.Config, folder: Path) -> Iterator[Run]:
    """The run of the scenario in that folder, for the scenario's `run` fixture."""
    from harness.run import open_run

    reports: Path = config.getoption("--reports")
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{folder.name}-{os.getpid()}"
    with open_run(folder.name, config.stash[PLANS][folder], (reports / name).resolve()) as run:
        config.stash[RUNS].append(run)
        yield run


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a failed step, naming it: one broken step is one error."""
    for run in item.config.stash[RUNS]:
        for name, failed in run.failed().items():
            if name in getattr(item, "fixturenames", ()):
                reason = (failed.error or "").splitlines()[0]
                pytest.skip(f"needs step {failed.n} ({name}), which failed: {reason}")


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
    """Write run.json, the page and the summary of each run."""
    config = session.config
    if not config.stash[RUNS]:
        return
    from harness.record import write_reports

    for run in config.stash[RUNS]:
        config.stash[REPORTS] += write_reports(run, config.stash[COUNTS][run.scenario])
    if hasattr(config, "workeroutput"):  # a worker of xdist has no terminal; the controller prints
        config.workeroutput["reports"] = config.stash[REPORTS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over the last lines of a worker."""
    node.config.stash[REPORTS] += getattr(node, "workeroutput", {}).get("reports", [])


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
