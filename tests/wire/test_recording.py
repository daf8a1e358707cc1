"""Nobody records by accident: what `--record` refuses, and that it keeps green runs only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.record import STEPS

ROOT = Path(__file__).parents[2]
NINE = """
from datetime import UTC, datetime
from pathlib import Path
import pytest
from harness.janitor.ledger import Ledger
from harness.plan import Plan
from harness.pytest_plugin import RUNS
from harness.record import STEPS
from harness.run import Run
from harness.step import step
from harness.targets.target import Target
from harness.wire.message import Message
from harness.wire.record import Recorder

PLACE = (
    "https://management.azure.com/subscriptions/00000000-0000-0000-0000-000000000001"
    "/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w?api-version=1"
)

@pytest.fixture(scope="package")
def run(request):
    here = Path(__file__).parent
    run = Run("nine", Plan(), here, Target("twin", "nothing"), Ledger(here / "ledger.jsonl"),
              datetime.now(UTC), recorder=Recorder(lambda: run.current))
    request.config.stash[RUNS].append(run)
    return run

def make(n, name):
    def taken(run):
        assert name != BROKEN
        run.recorder.messages.append(Message(
            n, True, "workspace.get", "GET", PLACE, {}, None, 200, "OK", {}, b"{}", n, n + 0.5))
        return n
    taken.__name__ = name
    return step(n, name)(taken)

for n, (name, _) in STEPS.items():
    globals()[name] = make(n, name)
"""


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


@pytest.mark.parametrize(
    ("broken_step", "broken_test", "says"),
    [
        (None, None, "recorded: 9 cassettes, "),
        ("registered", None, "recorded: nothing, because the run was not green in all nine steps"),
        (None, "splits", "recorded: nothing, because the run was not green in all nine steps"),
    ],
)
def test_only_a_green_run_is_kept(
    pytester: pytest.Pytester, broken_step: str | None, broken_test: str | None, says: str
) -> None:
    """Nine steps and all their tests: if one of either fails, no cassette is written."""
    folder = pytester.mkdir("nine")
    (folder / "__init__.py").touch()
    (folder / "conftest.py").write_text(f"BROKEN = {broken_step!r}\n{NINE}")
    for name, _ in STEPS.values():
        claim = f"def test_{name}({name}): assert {name!r} != {broken_test!r}\n"
        (folder / f"test_{name}.py").write_text(claim)
    pytester.makeconftest('pytest_plugins = ["harness.pytest_plugin"]')

    result = pytester.runpytest(
        *("--import-mode=importlib", "-p", "no:cacheprovider", "nine", "--target", "twin"),
        *("--record", "--cassettes", "kept"),
    )

    result.stdout.fnmatch_lines([f"*{says}*"])
    assert (pytester.path / "kept").exists() == ("9 cassettes" in says)
