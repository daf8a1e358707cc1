"""A replay of some steps, and one that breaks: one error, and nothing is said to be left."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.warm import WarmRuns, warm_runs
from harness.wire.cassette import written

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmRuns]:
    """A process that has imported the SDK and forks a replay for each that is asked for."""
    with warm_runs(tmp_path_factory.mktemp("warm") / "log") as runs:
        yield runs


def test_it_has_replayed_the_recipe_before_it_forks(warm: WarmRuns) -> None:
    """What is imported on the way is there for every fork; a replay that cannot begin is told."""
    code = warm.run(["--version"], dict(os.environ), Path(os.devnull))

    assert code == 0
    assert "17 passed" in warm.log.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of scenario and cassettes, to be broken."""
    for name in ("scenarios", "cassettes"):
        shutil.copytree(ROOT / name, tmp_path / name)
    # no package: its modules have other names than those that the process has imported
    (tmp_path / "scenarios/finetune_chat/__init__.py").unlink()
    return tmp_path


def replayed(warm: WarmRuns, folder: Path, test: str = "") -> tuple[int, str]:
    """Exit code and output of a replay of that checkout, or of one file of tests."""
    line = [str(folder / "scenarios/finetune_chat" / test), "-q", "-p", "harness.pytest_plugin"]
    line += ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    line += ["--cassettes", str(folder / "cassettes"), "--reports", str(folder / "reports")]
    code = warm.run(line, os.environ, folder / "log")
    return code, (folder / "log").read_text()


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


@pytest.mark.parametrize("step", ["3_compute", "7_deploy"])
def test_one_step_replays_with_those_it_needs(warm: WarmRuns, checkout: Path, step: str) -> None:
    """A part of the recipe is played from the same files, and what it left out is no complaint."""
    code, output = replayed(warm, checkout, f"test_{step}.py")

    assert code == 0, output[-3000:]


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        (fail_at_its_end, 3),
        (fail_at_its_end, 8),
        (ask_for_something_else, 7),
    ],
)
def test_a_red_replay_leaves_nothing(warm: WarmRuns, checkout: Path, broken, step: int) -> None:
    """Whether our code fails or a request misses: that is the one error, and nothing was left."""
    says = broken(checkout, step)

    code, output = replayed(warm, checkout)

    record = json.loads((checkout / "reports/latest/run.json").read_text())
    failed = {told["n"]: told["error"] for told in record["steps"] if told["status"] == "failed"}
    assert list(failed) == [step], output[-3000:]
    assert says in failed[step]
    assert (record["leftovers"], record["deleted"]) == ([], [])
    assert (record["tests"]["errors"], record["tests"]["failed"]) == (1, 0), output[-3000:]
    assert "may still exist" not in output
    assert code == 1
