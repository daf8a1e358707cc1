"""Nobody records by accident: what `--record` refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--record",), "cassettes are no live target"),
        (("--record", "--target", "twin", "-k", "connect"), "some are left out"),
        (
            ("--record", "--target", "twin", "scenarios/finetune_chat/test_1_connect.py"),
            "some are left out",
        ),
    ],
)
def test_record_is_refused(arguments: tuple[str, ...], says: str) -> None:
    """On target cassette, and when tests are left out: before anything starts."""
    place = () if any("scenarios" in one for one in arguments) else ("scenarios",)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *place, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 4, done.stdout
    assert says in done.stderr + done.stdout
    assert "Next: pytest" in done.stderr + done.stdout
