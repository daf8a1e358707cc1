"""Every command that the pages show runs somewhere: here, or in the test named for it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.commands.pages import ROOT, commands_of, shown_commands
from tests.commands.ways import MAKE, WAYS, Proof, Typed, Within
from tests.commands.workspace import Workspace, copied_tree

TYPED = {command: way for command, way in WAYS.items() if isinstance(way, Typed)}
PROOFS = {command: way for command, way in WAYS.items() if isinstance(way, Proof)}
PARTS = {command: way for command, way in WAYS.items() if isinstance(way, Within)}


@pytest.fixture
def workspace(tmp_path: Path, index: str) -> Workspace:
    """A copy of the tree of this test's own."""
    return copied_tree(tmp_path, index)


def test_every_command_has_its_way() -> None:
    """What the pages show is what the table runs: nothing is missing, nothing is left over."""
    assert shown_commands() == WAYS.keys()


@pytest.mark.parametrize(("command", "way"), TYPED.items(), ids=TYPED)
def test_it_does_what_the_page_says(command: str, way: Typed, workspace: Workspace) -> None:
    """Typed in a shell: the exit code, and what it prints."""
    workspace.record(way.recorded)
    for line in way.needs:
        assert workspace.type(line.replace("make ", f"{MAKE} ", 1)).returncode == 0

    done = workspace.type(way.line or command)

    assert done.returncode == way.code, done.stdout[-5000:]
    assert re.search(way.output, done.stdout), done.stdout[-5000:]


@pytest.mark.parametrize(("command", "way"), TYPED.items(), ids=TYPED)
def test_the_smaller_form_is_one_of_it(command: str, way: Typed) -> None:
    """What is typed instead has the same program, and the same words before options."""
    line = way.line or command

    assert _words(command) <= {*line.split()}


@pytest.mark.parametrize(("command", "way"), PARTS.items(), ids=PARTS)
def test_a_part_is_of_something_that_runs(command: str, way: Within) -> None:
    """The other command is typed here, or has a test."""
    assert way.command in TYPED.keys() | PROOFS.keys()


@pytest.mark.parametrize(("command", "way"), PROOFS.items(), ids=PROOFS)
def test_its_test_is_there(command: str, way: Proof) -> None:
    """The file has the words; a test is in every `make test`, so it has no mark of the slow."""
    file, _, name = way.place.partition("::")
    text = (ROOT / file).read_text(encoding="utf-8")

    assert way.words in text
    if name:
        (test,) = (
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and node.name == name
        )
        assert "slow_" not in "".join(map(ast.unparse, test.decorator_list))


def test_every_target_of_make_is_shown() -> None:
    """No target that a page does not explain; those of parts of another are not for typing."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    words = {word for command in shown_commands() for word in command.split()}

    assert targets - words == {"test-light", "test-twin", "envs"}


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("```\nmake run   # all\n$ pytest -q\nother\n```", {"make run", "pytest -q"}),
        ("type `python -m harness\nsweep`, or `pytest`", {"python -m harness sweep"}),
        ("`git diff`, `makefile x`", set()),
        ("`HARNESS_X=1 pytest a`", {"HARNESS_X=1 pytest a"}),
        ("`sweep`\n```\npython -m harness sweep reports/20261122-220508-a-1\n```",
         {"python -m harness sweep reports/RUN"}),
    ],
)  # fmt: skip
def test_commands_are_read_from_a_page(text: str, commands: set[str]) -> None:
    """From blocks, one a line, without comment and prompt; from sentences, across lines."""
    assert commands_of(text) == commands


def _words(line: str) -> set[str]:
    """The program and the words that say what it is to do, without options and their values."""
    words = line.split()[:4]
    return {word for word in words if re.fullmatch(r"[a-z.][a-z_.-]*", word)}
