"""What happens before the first step of a run: a place for its reports, and no time lost."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from harness.errors import HarnessError
from harness.plan import Plan

REPORTS_SIZE = 2_000_000  # bytes of a replay's reports are 0.7 million


def check_reports(folder: Path) -> None:
    """What a run leaves behind is what it may be deleted by: no run without a place for it.

    Raises HarnessError when nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(REPORTS_SIZE))
    except OSError as error:
        limited = error.errno == errno.EFBIG
        raise HarnessError(
            f"no report can be written to {folder}: {error.strerror}; nothing was created. Next: "
            + (
                "ulimit -f unlimited, in a new shell, then run again"
                if limited
                else "name a folder of yours with --reports FOLDER"
            )
        ) from error


def check_surroundings(plan: Plan, reports: Path) -> None:
    """Whether this machine can run the plan's target, before anything is created.

    Raises HarnessError. A replay needs nothing, and Azure is no part of this machine.
    """
    if plan.target == "twin":
        from harness.targets.twin import check_own_twin

        check_own_twin(reports)


def describe_missing_report(folder: Path, error: OSError) -> str:
    """The line of a run that has ended, and whose reports could not be written."""
    return (
        f"no report could be written to {folder}: {error.strerror or error}; the tests above say "
        "how the run ended. Next: make room there, then python -m harness sweep, which says what "
        "is left"
    )


def check_benchmark(fixtures: Collection[str], has_plugin: Callable[[str], bool]) -> None:
    """Tests that measure have pytest-benchmark. Raises HarnessError when it is not loaded."""
    loaded = has_plugin("benchmark") or has_plugin("pytest_benchmark.plugin")  # by itself, by -p
    if loaded or "benchmark" not in fixtures:
        return
    names = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS")
    variables = [name for name in names if os.environ.get(name)]
    cause = " and ".join(variables) or "-p no:benchmark on the command line"
    cure = f"unset {' '.join(variables)}, then run again" if variables else "leave it out"
    raise HarnessError(
        "pytest-benchmark is not loaded, and scoring latency is measured by it; nothing was "
        f"created. What keeps it away: {cause}. Next: {cure}"
    )


def leave_garbage() -> None:
    """Collect none until the tests run: what is imported by then lives as long as the process."""
    gc.disable()


def collect_garbage() -> None:
    """From here on; what was imported is none."""
    gc.freeze()
    gc.enable()


@contextmanager
def as_written() -> Iterator[None]:
    """Import modules as they are: pytest rewrites tests only, and those were collected before.

    Its look at each of 3,400 modules of the SDK and MLflow would take 0.1 s.
    """
    found = [each for each in sys.meta_path if type(each).__module__ == "_pytest.assertion.rewrite"]
    sys.meta_path[:] = [each for each in sys.meta_path if each not in found]
    try:
        yield
    finally:
        sys.meta_path[:0] = found
