"""What is kept of a deployment's log; that it is kept and named: tests/checks/test_planted.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.plan import Plan
from harness.recipe.logs import keep_log, log_file

RUN: Any = SimpleNamespace(timestamp="1700000000")


def test_no_secret_reaches_the_disk(tmp_path: Path) -> None:
    """A container may log what it was called with; the line stays, the key does not."""
    file = tmp_path / "deployment-demo.log"

    keep_log(RUN, "loading\nAuthorization: Bearer c2VzYW1l.open\ndone", str(file))

    assert file.read_text().startswith("loading\nAuthorization: Bearer ")
    assert "c2VzYW1l" not in file.read_text()


def test_a_full_disk_hides_nothing(tmp_path: Path) -> None:
    """Why the step failed is the error, not that its log has no place."""
    keep_log(RUN, "loading", str(tmp_path / "absent" / "demo.log"))


def test_a_replay_keeps_no_log(tmp_path: Path) -> None:
    """It was not recorded, so no file is named and nobody is asked."""
    assert log_file(Plan(target="cassette"), tmp_path) == ""
    assert log_file(Plan(target="twin"), tmp_path) == str(tmp_path / "deployment-demo.log")
