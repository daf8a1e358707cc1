"""The table's own judgement: what counts as green, and what as one error that names its cause."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from .cell import Outcome, command_line, make_place, problem_of, shell_variables
from .environment import GREEN, Environment, NamedError

PASSED = Outcome("replay", 0, "17 passed", record="passed", page=True)
READY = Outcome("preflight", 0, "ready: 28 checks, 1 warning; 1.7 s\n")
LIMIT = NamedError(("ulimit -v",), 4)
REFUSED = Outcome("twin", 4, "ERROR: too little memory (ulimit\n-v). Next: ulimit -v unlimited")


@pytest.mark.parametrize("outcome", [PASSED, READY], ids=lambda outcome: outcome.command)
def test_a_green_run_is_right(outcome: Outcome) -> None:
    """Exit code 0, the record and page of a run, the last line of a preflight."""
    assert problem_of(GREEN, outcome) == ""


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (replace(PASSED, code=1), "exit code 1"),
        (replace(PASSED, code=None), "had not ended"),
        (replace(PASSED, record="failed"), "run.json says failed"),
        (replace(PASSED, record=None), "run.json says None"),
        (replace(PASSED, page=False), "no page"),
        (replace(PASSED, processes=("python -m harness.twin",)), "left running"),
        (replace(PASSED, output="Exception ignored in: <function>"), "Exception ignored"),
        (replace(READY, output="not ready: 28 checks"), "does not say that it is ready"),
    ],
)
def test_what_is_not_green_is_named(outcome: Outcome, problem: str) -> None:
    """Each way of not being green is one of its own."""
    assert problem in problem_of(GREEN, outcome)


def test_a_named_error_is_right() -> None:
    """The words may be wrapped anywhere."""
    assert problem_of(LIMIT, REFUSED) == ""


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (replace(REFUSED, code=1), "exit code 4 was expected, not 1"),
        (replace(REFUSED, code=0), "exit code 4 was expected, not 0"),
        (replace(REFUSED, output="MemoryError. Next: less"), "does not say 'ulimit -v'"),
        (replace(REFUSED, output="ulimit -v"), "what to type next"),
        (
            replace(REFUSED, output="ulimit -v Next: x\nERROR a.py::one\nERROR a.py::two"),
            "one error was expected, not 2",
        ),
        (
            replace(REFUSED, output="ulimit -v Next: x\nTraceback (most recent call last):"),
            "Traceback",
        ),
    ],
)
def test_what_is_no_named_error_is_said(outcome: Outcome, problem: str) -> None:
    """An error is right only with its words, its exit code, a next command, and alone."""
    assert problem in problem_of(LIMIT, outcome)


def test_a_row_becomes_a_command_in_a_shell(tmp_path: Path) -> None:
    """Folders are filled in, variables are set and unset, the rest is a plain shell."""
    environment = Environment(
        "row", {"TMPDIR": "{home}", "LANG": None}, script='ulimit -n 64; exec "$@"'
    )

    place = make_place(environment, tmp_path)
    variables = shell_variables(environment, place)
    command = command_line(environment, "twin", place)

    assert set(variables) == {"HOME", "PATH", "TMPDIR"}
    assert variables["TMPDIR"] == variables["HOME"] == str(tmp_path / "home")
    assert command[2] == f'cd {shlex.quote(str(place.checkout))} && ulimit -n 64; exec "$@"'
    assert command[5:] == [
        *("-m", "pytest", "scenarios", "--target", "twin"),
        *("--reports", str(tmp_path / "reports")),
    ]
