"""What somebody is told to type is what a shell takes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from harness.shell import run_again, typed


@pytest.mark.parametrize("program", ["/venv/bin/pytest", "/lib/pytest/__main__.py"])
def test_a_run_is_typed_again_with_all_its_options(
    monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """As it was called, quoted for a shell."""
    asked = ["scenarios", "--target", "twin", "--set", 'finetune.x=["a b"]']
    monkeypatch.setattr("sys.argv", [program, *asked])

    assert shlex.split(run_again("azure")) == ["pytest", *asked]


def test_outside_of_pytest_a_plain_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was called that could be called again."""
    monkeypatch.setattr("sys.argv", ["/lib/harness/__main__.py", "preflight"])

    assert run_again("azure") == "pytest scenarios --target azure"


def test_a_path_is_short_where_it_can_be_and_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From the folder one is in, else whole."""
    monkeypatch.chdir(tmp_path)

    assert typed(tmp_path / "my reports" / "a") == "'my reports/a'"
    assert typed(tmp_path.parent) == shlex.quote(str(tmp_path.parent))
