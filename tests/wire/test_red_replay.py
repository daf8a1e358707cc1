"""A replay that breaks: one error, and nothing is said to be left, for nothing was ever created."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.wire.cassette import written

ROOT = Path(__file__).parents[2]
COPIED = ("harness", "scenarios", "cassettes", "data", "conftest.py", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a replay needs, to be broken."""
    folder = tmp_path / "checkout"
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return folder


def fail_at_its_end(folder: Path, step: int) -> str:
    """The recipe's own code fails, when all requests of the step were answered."""
    file = folder / "scenarios/finetune_chat/conftest.py"
    before, body = re.split(rf"(?=@step\({step}, )", file.read_text())
    body = re.sub(r"    return \w+\n", '    raise ValueError("broken here")\n', body, count=1)
    file.write_text(before + body)
    return "ValueError: broken here"


def ask_for_something_else(folder: Path, step: int) -> str:
    """The step asks what was not recorded: its first PUT has another api-version there."""
    (file,) = (folder / "cassettes/finetune_chat").glob(f"{step}_*.json")
    told = json.loads(file.read_text())
    request = next(
        entry["request"] for entry in told["interactions"] if entry["request"]["method"] == "PUT"
    )
    request["uri"] = f"{request['uri']}&of=another-time"
    file.write_text(written(told["provenance"], told["interactions"]))
    return "was not recorded"


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        (fail_at_its_end, 3),
        (fail_at_its_end, 8),
        (ask_for_something_else, 7),
    ],
)
def test_a_red_replay_leaves_nothing(checkout: Path, broken, step: int) -> None:
    """Whether our code fails or a request misses: that is the one error, and nothing was left."""
    says = broken(checkout, step)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "scenarios", "-q"],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    record = json.loads((checkout / "reports/latest/run.json").read_text())
    failed = {told["n"]: told["error"] for told in record["steps"] if told["status"] == "failed"}
    assert list(failed) == [step], done.stdout[-3000:]
    assert says in failed[step]
    assert (record["leftovers"], record["deleted"]) == ([], [])
    assert (record["tests"]["errors"], record["tests"]["failed"]) == (1, 0), done.stdout[-3000:]
    assert "may still exist" not in done.stdout
    assert done.returncode == 1
