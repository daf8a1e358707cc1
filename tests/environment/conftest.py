"""The option of the table, and the table itself at the end."""

from __future__ import annotations

import pytest

from .environment import COMMANDS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Rows that this machine cannot try fail unless somebody says that they may be left out."""
    parser.addoption(
        "--allow-untried",
        action="store_true",
        help="skip environments that this machine cannot make, instead of failing",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each environment: how each command ended in it."""
    rows: dict[str, dict[str, str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            properties = dict(getattr(report, "user_properties", ()))
            if "cell" in properties and getattr(report, "when", "") == "call":
                environment, command = properties["cell"]
                rows.setdefault(environment, {})[command] = properties.get("verdict", "wrong")
    if not rows:
        return
    width = max(map(len, rows))
    terminalreporter.section("environments")
    terminalreporter.write_line(" ".join([" " * width, *(f"{name:12}" for name in COMMANDS)]))
    for name, cells in rows.items():
        verdicts = (f"{cells.get(command, ''):12}" for command in COMMANDS)
        terminalreporter.write_line(f"{name:{width}} {' '.join(verdicts)}".rstrip())
