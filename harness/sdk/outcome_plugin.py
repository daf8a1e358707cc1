"""The pytest plugin that writes down what a run met: `-p harness.sdk.outcome_plugin`.

Its warnings, its failures with the lines of code they lead through, and what it says of its
recording, as JSON into the file that HARNESS_OUTCOME names: nobody has to read them out of what
pytest, the SDK and its libraries print.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

_OUTCOME: dict[str, list[str]] = {"warnings": [], "failures": [], "traces": [], "reports": []}


def pytest_warning_recorded(warning_message: Any) -> None:
    """One line of it, as pytest's summary has it."""
    text = f"{warning_message.category.__name__}: {warning_message.message}"
    _OUTCOME["warnings"].append(text.partition("\n")[0])


def pytest_runtest_logreport(report: Any) -> None:
    """A test that failed, or a step that broke."""
    _add(report)


def pytest_collectreport(report: Any) -> None:
    """A file that could not even be imported."""
    _add(report)


def pytest_unconfigure(config: Any) -> None:
    """All is known, with the last lines that our own plugin shows."""
    if plugin := config.pluginmanager.get_plugin("harness.pytest_plugin"):
        _OUTCOME["reports"] += config.stash.get(plugin.REPORTS, [])
    if file := os.environ.get("HARNESS_OUTCOME"):
        Path(file).write_text(json.dumps(_OUTCOME), encoding="utf-8")


def _add(report: Any) -> None:
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        message = crash.message if crash else str(report.longrepr).strip()
        _OUTCOME["failures"].append(f"{report.nodeid} - {message}".partition("\n")[0])
        _OUTCOME["traces"].append(report.longreprtext)
