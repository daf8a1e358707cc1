"""What the crash campaign says, without a campaign."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.crash.__main__ import _parser, main
from harness.crash.outcome import Result, line
from harness.crash.points import parse
from harness.errors import HarnessError

RESULT = Result("endpoint.create#1:after:kill", True, -9, 3, True, 2.0, (), (), 5.0)


def test_the_line_says_what_ended_them() -> None:
    """Not every point is a kill: the ways are counted, the most frequent first."""
    lost = replace(RESULT, point="endpoint.create#1:after:lost", clean_seconds=0.5)

    assert line([lost, RESULT, RESULT]) == (
        "killed at 3 of 3 points (2 kill, 1 lost): 0 left, max 2.0 s to clean, 0 needed a sweep"
    )


def test_a_point_that_was_not_reached_is_of_no_way() -> None:
    """It does not count as an end."""
    assert line([replace(RESULT, reached=False)]).startswith("killed at 0 of 1 points (none): ")


@pytest.mark.parametrize("text", ["endpoint.create", "endpoint.create#1:soon:kill"])
def test_what_is_no_point_names_the_next_command(text: str) -> None:
    """Misspelt: one that is right can be typed."""
    with pytest.raises(
        HarnessError, match=r"Next: python -m harness\.crash --only \S+#1:after:kill"
    ):
        parse(text)


def test_the_draw_of_a_day_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """CRASH_SEED is that of the day that is asked for; else it is today's, such as 20261122."""
    monkeypatch.setenv("CRASH_SEED", "42")
    assert _parser().parse_args([]).seed == 42
    monkeypatch.delenv("CRASH_SEED")
    assert len(str(_parser().parse_args([]).seed)) == 8
    assert _parser().parse_args(["--seed", "7"]).seed == 7


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "endpoint.create"], "Next: python -m harness.crash --only"),
        (["--json", "/dev/null/crash.json"], "Next: python -m harness.crash --json"),
        (["--sample", "3", "--only", "endpoint.create#1:after:kill"], "Next: make twin-env"),
    ],
)
def test_what_keeps_it_from_beginning_is_one_line(
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """No traceback: what is wrong, what to type, exit code 2."""
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", str(tmp_path / "no" / "python"))

    code = main(arguments)

    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("error: ")
    assert says in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "arguments", [["--jobs", "0"], ["--sample", "many"], ["--without", "luck"], ["--seed", "x"]]
)
def test_an_option_that_makes_no_sense_is_told(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and what would do."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err
