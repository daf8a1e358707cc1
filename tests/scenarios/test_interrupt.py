"""Ctrl-C in the middle of a run: what was created is deleted all the same.

Each of the nine steps, and all other ends, in tests/janitor/test_ends.py.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns


def test_ctrl_c_deletes_what_was_created(tmp_path: Path, whole_runs: WholeRuns) -> None:
    """Interrupted as soon as an endpoint may exist, the run leaves nothing behind."""

    def an_endpoint_may_exist() -> bool:
        return any(
            '"kind": "endpoint"' in ledger.read_text()
            for ledger in tmp_path.glob("2*/ledger.jsonl")
        )

    assert _interrupted(whole_runs, tmp_path, an_endpoint_may_exist) == {
        "endpoint",
        "job",
        "compute",
    }


def test_ctrl_c_while_the_job_is_streamed(tmp_path: Path, whole_runs: WholeRuns) -> None:
    """The SDK turns Ctrl-C in `stream` into an error of its own; the run stops all the same."""

    def it_streams() -> bool:
        log = tmp_path / "log"
        return log.exists() and "Streaming logs" in log.read_text()

    deleted = _interrupted(whole_runs, tmp_path, it_streams, "training.max_steps=2000")

    assert deleted == {"job", "compute"}


def _interrupted(
    whole_runs: WholeRuns, folder: Path, when: Callable[[], bool], *settings: str
) -> set[str]:
    """Kinds of all a run asked for that was sent SIGINT then; it failed, and nothing of it is left.

    What was interrupted before its create was sent was never there.
    """
    whole_runs.begin(folder, "-s", settings=settings)
    until = time.monotonic() + 90
    while not when() and time.monotonic() < until and whole_runs.warm.poll() is None:
        time.sleep(0.02)
    whole_runs.warm.send_signal(signal.SIGINT)
    ended = whole_runs.end(folder)

    assert ended.code == pytest.ExitCode.INTERRUPTED, ended.output[-3000:]
    assert ended.record is not None
    assert ended.record.outcome == "failed"
    assert ended.record.leftovers == ()
    return {each.kind for each in (*ended.record.deleted, *ended.record.absent)}
