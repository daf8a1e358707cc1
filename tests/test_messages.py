"""What processes of ours tell each other never travels on stdout or stderr."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("harness", "benchmarks", "data", "scenarios", "docs/examples")
STREAMS = {"stdout", "stderr"}
READERS = {"communicate", "check_output", "getoutput", "getstatusoutput", "popen"}
PROGRAMS_OF_OTHERS = {  # function: why what it prints is read all the same
    "harness/install.py:_brings_cuda": "uv's list of requirements, which has no other form",
    "harness/install.py:pip_settings": "pip's settings, which it only prints",
    "harness/measure/conditions.py:_commit": "git's plumbing answers on stdout",
    "harness/sdk/packages.py:versions": "pip's answer is JSON, and comes on stdout only",
    "harness/sdk/packages.py:conflicts": "uv pip check has no other form",
    "harness/sdk/packages.py:published": "uv tells the day of a release in this message only",
}
PARSING = """
def read(done, process):
    {line}
"""


def offences(source: str, name: str = "file.py") -> Iterator[str]:
    """Places that read what a child prints other than to show it: file and function."""
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    shown = {id(node) for node in ast.walk(tree) if _shows(node) for node in ast.walk(node)}
    for node in ast.walk(tree):
        if _reads(node) and id(node) not in shown:
            inside = [f.name for f in functions if node in ast.walk(f)]
            yield f"{name}:{inside[-1] if inside else node.lineno}"


def _reads(node: ast.AST) -> bool:
    """`done.stdout`, `process.communicate()`, `PIPE` and their like."""
    if isinstance(node, ast.Name):
        return node.id == "PIPE"
    if not isinstance(node, ast.Attribute):
        return False
    if node.attr in STREAMS:
        return ast.unparse(node.value) != "sys"
    return node.attr in READERS or ast.unparse(node) == "subprocess.PIPE"


def _shows(node: ast.AST) -> bool:
    """An error that is raised, the end of the program, something that is printed."""
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("sys.exit", "print", "sys.stderr.write")
    return isinstance(node, ast.Raise)


def test_nobody_reads_answers_out_of_what_a_child_prints() -> None:
    """Neither control nor data: programs of others are named, with why."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    places = {
        place
        for file in files
        for place in offences(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())
    }

    assert files
    assert places == {*PROGRAMS_OF_OTHERS}


@pytest.mark.parametrize(
    "line",
    [
        "return int(done.stdout)",
        "return json.loads(done.stdout.splitlines()[-1])",
        "text = done.stderr; return text",
        "out, _ = process.communicate(); return out",
        "return process.stdout.readline()",
        "return subprocess.check_output(['date'])",
        "return subprocess.run(['date'], stdout=subprocess.PIPE)",
        "return os.popen('date').read()",
    ],
)
def test_such_a_place_would_be_found(line: str) -> None:
    """However it is written."""
    assert [*offences(PARSING.format(line=line))] != []


@pytest.mark.parametrize(
    "line", ["raise SdkError(f'failed: {done.stderr}')", "sys.stdout.write('done')"]
)
def test_what_is_only_shown_may_be_read(line: str) -> None:
    """An error tells what the child said last."""
    assert [*offences(PARSING.format(line=line))] == []
