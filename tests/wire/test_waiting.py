"""No replay sleeps in a poll: not on a release of two years ago either."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.sdk import releases
from harness.sdk.environments import environment
from tests.wire import sleeps

ROOT = Path(__file__).parents[2]
OLD_CODE = ("-o", "filterwarnings=default")  # an old release's own warnings are not the point


def run(python: Path, folder: Path, *arguments: str) -> None:
    """The whole scenario with that Python; it has to be green."""
    done = subprocess.run(
        [
            *(python, "-m", "pytest", "scenarios/finetune_chat", "-q", *arguments),
            *("--reports", folder / "reports"),
        ],
        cwd=ROOT,
        env={**os.environ, **sleeps.watch(folder)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow_replay
def test_a_release_of_two_years_ago_does_not_wait(tmp_path: Path) -> None:
    """1.15.0 asks otherwise, so it is recorded from the twin first; then it replays as fast."""
    wanted = (*releases.fresh("1.15.0"), *releases.pins("1.15.0"), *releases.tools())
    python = environment(wanted, tmp_path / "sdk").folder / "bin" / "python"
    here = ("--cassettes", str(tmp_path / "cassettes"), *OLD_CODE)

    run(python, tmp_path, "--target", "twin", "--record", *here)
    run(python, tmp_path, *sleeps.OPTIONS, *here)

    assert sleeps.slept(tmp_path) < 0.1
    assert sleeps.waited(tmp_path / "reports") > 1
