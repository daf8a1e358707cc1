"""Any client can use the twin: a plain script with the recipe's own code and pasted exports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "examples" / "recipe.py"


@pytest.fixture
def exports(tmp_path: Path) -> Iterator[str]:
    """What `python -m harness twin` prints to paste into a shell, while it serves."""
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "harness", "twin", "--state", str(tmp_path / "state")]
    printed = tmp_path / "printed"
    with printed.open("w") as out:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready)], cwd=ROOT, stdout=out, stderr=out
        )
    deadline = time.monotonic() + 60
    while not ready.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    yield printed.read_text()
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0, printed.read_text()


def test_the_script_uses_the_sdk_alone() -> None:
    """Nothing of the harness is imported."""
    assert "harness." not in SCRIPT.read_text().replace("python -m harness", "")


def test_pasted_exports_are_all_it_needs(exports: str, tmp_path: Path) -> None:
    """The script trains, registers, deploys, asks and deletes, in a shell with the exports only."""
    lines = [line for line in exports.splitlines() if line.startswith(("export ", "unset "))]
    script = tmp_path / "client.sh"
    script.write_text(
        "set -eu\n"
        + "\n".join(lines)
        + f"\ncd {tmp_path}\n{sys.executable} -W ignore {SCRIPT} {ROOT / 'data/ultrachat_sample'}\n"
    )
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    done = subprocess.run(
        ["bash", str(script)], env=clean, capture_output=True, text=True, timeout=240
    )

    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("base model: azureml://registries/azureml", "answer: [{", "deleted: ultrachat"):
        assert part in done.stdout
