"""Ctrl-C in the middle of a run: what was created is deleted all the same."""

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


@pytest.mark.parametrize("kind", ["compute", "job", "endpoint"])
def test_ctrl_c_deletes_what_was_created(tmp_path: Path, kind: str) -> None:
    """Interrupted as soon as that kind of thing may exist, the run leaves nothing behind."""
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*COMMAND, "--reports", str(tmp_path)],
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )
        wait_for_ledger(tmp_path, f'"kind": "{kind}"', process)
        process.send_signal(signal.SIGINT)
        code = process.wait(60)

    assert code == pytest.ExitCode.INTERRUPTED, log.read_text()[-3000:]
    record = read(next(tmp_path.glob("2*/run.json")))
    assert record.outcome == "failed"
    assert record.leftovers == ()
    assert kind in {deleted.kind for deleted in record.deleted}


def wait_for_ledger(folder: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    """Until the run wrote that it expects such a thing to exist."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        if any(text in ledger.read_text() for ledger in folder.glob("2*/ledger.jsonl")):
            return
        time.sleep(0.02)
    raise AssertionError(f"the run ended, or wrote no {text} into its ledger")
