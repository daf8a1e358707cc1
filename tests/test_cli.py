"""The commands beside pytest: each answers, and a typo is answered with what was meant."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import COMMANDS, main, usage


@pytest.mark.parametrize(
    "words", [command.words for command in COMMANDS if command.words != "twin"]
)
def test_every_command_says_what_it_takes(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--help of each command is its own; the twin's is another interpreter's."""
    with pytest.raises(SystemExit) as ended:
        main([*words.split(), "--help"])

    assert ended.value.code == 0
    assert f"python -m harness {words}" in " ".join(capsys.readouterr().out.split())


def test_help_lists_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each, and exit code 0."""
    assert main(["--help"]) == 0

    told = capsys.readouterr().out
    assert [command.words for command in COMMANDS if command.words not in told] == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["prefligth"], "there is no command 'prefligth'; did you mean 'preflight'?"),
        (["cassettes", "dif"], "did you mean 'cassettes diff'?"),
        ([], "usage:"),
    ],
)
def test_a_typo_is_told(given: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, the commands there are, and the nearest one."""
    assert main(given) == 2

    assert says in (told := capsys.readouterr().err)
    assert told.startswith(usage().splitlines()[0])


def test_a_family_of_commands_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """`cassettes` alone is a question as well, answered with its commands only."""
    assert main(["cassettes", "--help"]) == 0
    asked = capsys.readouterr().out
    assert main(["cassettes"]) == 2

    assert "cassettes audit" in asked
    assert "preflight" not in asked
    assert asked in capsys.readouterr().err


def test_another_python_is_told_what_to_type() -> None:
    """Without the packages there is one line with the next command, and no traceback."""
    told = _ended("-S", "-m", "harness", "data")

    assert told.startswith("No module named 'msgspec'")
    assert told.endswith("Next: make light, then .venv/bin/python -m harness")
    assert len(told.splitlines()) == 1


def test_no_run_without_a_place_for_its_reports(tmp_path: Path) -> None:
    """What a run may have to be deleted by stands in its folder: said before it begins."""
    (file := tmp_path / "file").touch()

    told = _ended("-m", "pytest", "scenarios", "--reports", str(file))

    assert f"ERROR: no report can be written to {file}: File exists; nothing was created" in told


def _ended(*arguments: str) -> str:
    """What a command that fails prints."""
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, *arguments], cwd=root, capture_output=True, text=True)
    assert done.returncode != 0
    return (done.stderr or done.stdout).strip()
