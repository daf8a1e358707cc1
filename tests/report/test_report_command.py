"""`python -m harness.report` makes a report again, on a bare Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shlex import quote

from harness.report.run_record import RunRecord, write

ROOT = Path(__file__).parents[2]


def report(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command isolated from site-packages: standard library and this repository only."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "harness.report", *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_page_and_summary_are_made_of_the_record_alone(
    passed_run: RunRecord, tmp_path: Path
) -> None:
    """With no package installed, `--out` gets `index.html` and `summary.md`."""
    write(tmp_path / "run.json", passed_run)

    done = report(str(tmp_path / "run.json"), "--out", str(tmp_path / "out"))

    assert (done.returncode, done.stderr) == (0, "")
    assert "All nine steps passed on the twin" in done.stdout
    assert {"index.html", "summary.md"} == {file.name for file in (tmp_path / "out").iterdir()}


def test_a_broken_record_is_refused_in_words(tmp_path: Path) -> None:
    """No traceback: the file, every problem, the next command, exit status 1."""
    (tmp_path / "run.json").write_text('{"run": 5}')

    done = report(str(tmp_path / "run.json"))

    assert done.returncode == 1
    assert "run: 5, expected str" in done.stderr
    assert "Next:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    """A wrong path is told by its name, and how to find a right one."""
    done = report(str(tmp_path / "nowhere.json"))

    assert done.returncode == 1
    assert f"there is no {tmp_path / 'nowhere.json'}. Next: ls reports" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_has_not_ended_is_no_missing_one(tmp_path: Path) -> None:
    """It runs or was killed: that is said, and the command that tells what is left."""
    (tmp_path / "ledger.jsonl").touch()

    done = report(str(tmp_path))

    assert done.returncode == 1
    assert f"{tmp_path.name} has not ended: it is running, or was killed. Next: " in done.stderr
    assert done.stderr.endswith(f"Next: python -m harness sweep {quote(str(tmp_path))}\n")
