"""The scheduled workflow, its shell steps run here: one issue, kept current, with the answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.sdk import command
from harness.sdk.releases import listed, supported
from tests.programs import write_python_program

ROOT = Path(__file__).parents[2]
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/sdk.yml").read_text())
NEWEST = WORKFLOW["jobs"]["newest"]
PYTHON = """
import json, os, sys
told = json.load(open(os.environ["TOLD"]))
with open(os.environ["CALLS"], "a") as calls:
    calls.write(" ".join(sys.argv[3:]) + "\\n")
print("" if told["crash"] else "what changes", end="")
sys.exit(told["code"])
"""
GH = """
import json, os, sys
words = sys.argv[1:]
with open(os.environ["CALLS"], "a") as calls:
    calls.write("gh " + " ".join(words[:3]) + "\\n")
if words[:2] == ["issue", "list"]:
    assert "select(.title == env.TITLE) | .number][0]" in words[words.index("--jq") + 1]
    issues = json.load(open(os.environ["TOLD"]))["issues"]
    print(next((n for n, title in issues if title == os.environ["TITLE"]), ""))
elif "--body-file" in words:
    body = open(words[words.index("--body-file") + 1]).read()
    open(os.environ["CALLS"] + ".body", "w").write(body)
"""


@dataclass
class Job:
    """The workflow's job in a folder, with a `gh` and a harness that note what they are told."""

    folder: Path
    told: dict[str, Any]
    outputs: dict[str, str] = field(default_factory=dict)

    def run(self) -> list[str]:
        """All shell steps in order; what they called."""
        write_python_program(self.folder / ".venv/bin/python", PYTHON)
        write_python_program(self.folder / "bin/gh", GH)
        (self.folder / "told").write_text(json.dumps(self.told))
        for step in NEWEST["steps"]:
            if "name" in step:
                self._step(step)
        return (self.folder / "calls").read_text().splitlines()

    @property
    def body(self) -> str:
        """The text of the issue."""
        return (self.folder / "calls.body").read_text()

    def _step(self, step: dict[str, Any]) -> None:
        given = {**NEWEST["env"], **step.get("env", {})}
        env = {name: self._filled(text) for name, text in given.items()}
        out = self.folder / "output"
        subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],  # as GitHub runs it
            cwd=self.folder,
            check=True,
            capture_output=True,
            env={
                **env,
                "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                "TOLD": str(self.folder / "told"),
                "CALLS": str(self.folder / "calls"),
                "GITHUB_OUTPUT": str(out),
            },
        )
        if step.get("id") == "news":
            self.outputs = dict(line.split("=", 1) for line in out.read_text().splitlines())

    def _filled(self, text: str) -> str:
        known = {
            "github.token": "none",
            "steps.news.outputs.code": self.outputs.get("code", ""),
        }
        return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: known[found[1]], text)


TITLE = "SDK: what newer releases change"
OTHER = [11, "SDK: what newer releases change, and when"]


def job(folder: Path, code: int, *issues: Any) -> Job:
    """A job whose comparison ends with that code, with these issues open."""
    return Job(folder, {"code": code, "crash": False, "issues": issues})


@pytest.mark.parametrize("code", [1, 2])
def test_what_changes_opens_an_issue(tmp_path: Path, code: int) -> None:
    """Its text is what the comparison printed, of both releases; also when one does not run."""
    here = job(tmp_path, code, OTHER)

    calls = here.run()

    assert calls[0] == "sdk news newest newest-pre"
    assert calls[-1].startswith("gh issue create")
    assert here.body == "what changes"


def test_the_issue_is_kept_current(tmp_path: Path) -> None:
    """The next night the same issue has the new text, and none is opened; the other one stays."""
    here = job(tmp_path, 1, OTHER, [12, TITLE])

    assert here.run()[-1] == "gh issue edit 12"
    assert here.body == "what changes"


@pytest.mark.parametrize(
    ("issues", "last"),
    [([OTHER, [12, TITLE]], "gh issue close 12"), ([OTHER], "gh issue list --state")],
)
def test_no_difference_closes_it(tmp_path: Path, issues: list[Any], last: str) -> None:
    """And does nothing where none is open."""
    assert job(tmp_path, 0, *issues).run()[-1] == last


@pytest.mark.parametrize(
    ("code", "crash"), [(1, True), (2, True), (3, False), (70, False), (137, False)]
)
def test_a_crash_is_no_change_of_the_sdk(tmp_path: Path, code: int, crash: bool) -> None:
    """The job fails and the issue stays as it is; a traceback ends with 1 and says nothing."""
    here = job(tmp_path, code, [12, TITLE])
    here.told["crash"] = crash

    with pytest.raises(subprocess.CalledProcessError):
        here.run()

    assert not [line for line in (tmp_path / "calls").read_text().splitlines() if "gh" in line]


def test_no_exit_code_is_no_change_of_the_sdk(tmp_path: Path) -> None:
    """When nothing is known of the comparison, the step of the issue fails too."""
    here = job(tmp_path, 0, [12, TITLE])
    here.run()
    here.outputs = {}
    (tmp_path / "calls").unlink()

    with pytest.raises(subprocess.CalledProcessError):
        here._step(next(step for step in NEWEST["steps"] if step.get("name") == "the issue"))

    assert not (tmp_path / "calls").exists()


def test_every_command_of_it_exists() -> None:
    """What the workflow types is what the harness takes."""
    runs = [
        step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step
    ]
    typed = re.findall(r"-m harness sdk ([^>|\n]+?)(?: >| \|\||\n|$)", "\n".join(runs))
    assert len(typed) == 2

    for words in typed:
        asked = [word.replace("newest", listed()[0]) for word in words.split()]
        assert command._parser().parse_args(asked).act


def test_both_ends_of_the_window_run_live() -> None:
    """What `make test` replays, the night runs on the twin."""
    last = WORKFLOW["jobs"]["window"]["steps"][-1]["run"]
    given = command._parser().parse_args(last.split("sdk ")[1].split())

    assert given.releases == supported()
    assert given.again


def test_what_triggers_it() -> None:
    """Every night, and by hand; it may write issues and nothing else."""
    assert set(WORKFLOW[True]) == {"schedule", "workflow_dispatch"}  # YAML reads `on` as true
    assert WORKFLOW["permissions"] == {"contents": "read", "issues": "write"}
