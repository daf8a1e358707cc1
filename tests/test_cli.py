"""The commands beside pytest: each answers, and a typo is answered with what was meant."""

from __future__ import annotations

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
        (["cassettes"], "there is no command 'cassettes'"),
        ([], "usage:"),
    ],
)
def test_a_typo_is_told(given: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, all commands, and the nearest one."""
    assert main(given) == 2

    assert says in (told := capsys.readouterr().err)
    assert usage() in told
