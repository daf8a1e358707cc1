"""Ctrl-C in the middle of a run: what was created is deleted all the same.

The plain command, a process of its own with a twin of its own; each of the nine steps, and all
other ends, in tests/janitor/test_ends.py.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.report.run_record import read

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "pytest", "scenarios/finetune_chat", "--target", "twin", "-s"]
COMMAND += ["--set", "training.max_steps=20"]


def test_ctrl_c_deletes_what_was_created(tmp_path: Path) -> None:
    """Interrupted as soon as an endpoint may exist, the run leaves nothing behind."""
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, "--reports", str(tmp_path)],
            cwd=ROOT,
            stdout=out,
            stderr=out,
            preexec_fn=hear_ctrl_c,
        )
        wait_for_ledger(tmp_path, '"kind": "endpoint"', process)
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert code == pytest.ExitCode.INTERRUPTED, log.read_text()[-3000:]
    record = read(next(tmp_path.glob("2*/run.json")))
    assert record.outcome == "failed"
    assert record.leftovers == ()
    assert {deleted.kind for deleted in record.deleted} == {"endpoint", "job", "compute"}


def hear_ctrl_c() -> None:
    """In the child: a shell that runs things in the background makes them deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for_ledger(folder: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    """Until the run wrote that it expects such a thing to exist."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        if any(text in ledger.read_text() for ledger in folder.glob("2*/ledger.jsonl")):
            return
        time.sleep(0.02)
    raise AssertionError(f"the run ended, or wrote no {text} into its ledger")


def test_ctrl_c_while_the_job_is_streamed(tmp_path: Path) -> None:
    """The SDK turns Ctrl-C in `stream` into an error of its own; the run stops all the same."""
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, "--set", "training.max_steps=2000", "--reports", str(tmp_path)],
            cwd=ROOT,
            stdout=out,
            stderr=out,
            preexec_fn=hear_ctrl_c,
        )
        deadline = time.monotonic() + 90
        while "Streaming user_logs" not in log.read_text() and "RunId" not in log.read_text():
            assert time.monotonic() < deadline, "the job was never streamed"
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert code == pytest.ExitCode.INTERRUPTED, log.read_text()[-3000:]
    record = read(next(tmp_path.glob("2*/run.json")))
    assert {deleted.kind for deleted in record.deleted} == {"job", "compute"}
    assert record.leftovers == ()
