"""Which releases the harness itself supports: both ends run the whole recipe in every `make test`.

The newest is the pinned one, which all other tests run. The oldest replays here, in an environment
of its own: all it asks otherwise has to stand in data/sdk/history.json.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.sdk import releases
from harness.sdk.environments import clean, environment_of
from harness.wire_diff.history import FILE as HISTORY

ROOT = Path(__file__).parents[2]
OLDEST, NEWEST = releases.supported()
RECIPE = sorted([*(ROOT / "harness" / "recipe").glob("*.py"), *(ROOT / "scenarios").rglob("*.py")])


def replayed(python: Path, reports: Path) -> tuple[dict[str, Any], str]:
    """The record of the whole recipe, replayed by that interpreter, and what it printed."""
    command = [str(python), "-m", "pytest", "scenarios/finetune_chat", "-q", "--target", "cassette"]
    command += ["-p", "no:cacheprovider", "-o", "filterwarnings=default", "-W", "ignore"]
    done = subprocess.run(
        [*command, "--reports", str(reports)], cwd=ROOT, env=clean(PYTHONPATH=str(ROOT)),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    record: dict[str, Any] = json.loads((reports / "latest" / "run.json").read_text())
    return record, done.stdout


def test_the_oldest_release_runs_the_whole_recipe(tmp_path: Path) -> None:
    """All nine steps and their tests pass; each difference on the wire is a finding with its
    release, and all of them together are the one error."""
    python = environment_of(releases.oldest_pins()).python

    record, said = replayed(python, tmp_path)

    assert [step["status"] for step in record["steps"]] == ["passed"] * 9, said[-3000:]
    assert record["tests"]["passed"] >= 17
    assert (record["tests"]["failed"], record["tests"]["errors"]) == (0, 1), said[-3000:]
    said_first = f"azure-ai-ml {OLDEST} is installed, {NEWEST} was recorded, the requests differ:"
    assert said_first in said
    found = [each for each in record["findings"] if each["check"] == "cassette.request"]
    assert {each["severity"] for each in found} == {"warning"}
    assert [each["what"] for each in found if "probably since" not in each["what"]] == []
    text = "\n".join(each["what"] for each in found)
    assert 'nodeIdleTimeBeforeScaleDown: "PT2M" -> absent' in text
    assert "hash of uploads path segment 2: 64 hex digits -> 32 hex digits" in text
    assert "read gone: GET .../models/Phi-3-mini-4k-instruct/versions/7" in text


def test_the_newest_is_the_pinned_one() -> None:
    """What every other test runs with is the other end of the window; both are in the matrix."""
    assert releases.named("pinned") == NEWEST
    assert releases.named("oldest") == OLDEST
    assert {OLDEST, NEWEST} <= set(releases.listed())
    assert f"azure-ai-ml=={OLDEST}" in releases.oldest_pins()


def test_the_page_states_the_window() -> None:
    """docs/upgrading.md names both ends."""
    page = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")

    assert f"**{OLDEST}** to **{NEWEST}**" in page


def asked(file: Path) -> Iterator[str]:
    """Where a module asks which release is there: what it names, and what it catches of it."""
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            test = ast.unparse(node.test)
            if re.search(r"__version__|version_info|\bversion\(|Version\(|hasattr\(", test):
                yield f"{file.name}:{node.lineno}: if {test}"
        if isinstance(node, ast.Try) and any(
            isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in node.body
        ):
            yield f"{file.name}:{node.lineno}: an import that may fail"


@pytest.mark.parametrize("file", RECIPE, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_the_recipe_has_no_branch_for_a_release(file: Path) -> None:
    """No condition on a version, no import tried, no attribute looked for first."""
    assert list(asked(file)) == []


@pytest.mark.parametrize(
    "text",
    [
        "if azure.ai.ml.__version__ < '1.30': pass",
        "x = 1 if version('azure-ai-ml') > '1.30' else 2",
        "try:\n    from azure.ai.ml import Input\nexcept ImportError:\n    pass",
        "if hasattr(client, 'jobs'): pass",
    ],
)
def test_a_branch_for_a_release_would_be_seen(tmp_path: Path, text: str) -> None:
    """The four ways in which recipes ask."""
    file = tmp_path / "recipe.py"
    file.write_text(text)

    assert len(list(asked(file))) == 1


def test_the_history_is_of_the_listed_releases() -> None:
    """A step for each release of the matrix but the first, oldest first."""
    told = json.loads(HISTORY.read_text(encoding="utf-8"))

    assert [told["first"], *(step["release"] for step in told["releases"])] == [
        *reversed(releases.listed())
    ]
