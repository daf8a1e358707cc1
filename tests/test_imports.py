"""Who may import whom, and what must not be imported at collection."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HARNESS = ROOT / "harness"
HEAVY = {"torch", "transformers", "peft", "mlflow"}


def imports_of(file: Path, *, top_level_only: bool = False) -> set[str]:
    """Modules a file imports, other than for type checking."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files_of(package: str) -> list[Path]:
    """All modules of a package."""
    return sorted((HARNESS / package).rglob("*.py"))


def ours(package: str) -> set[str]:
    """The packages of ours that a package imports, itself and what needs nothing left out."""
    found = {name for file in files_of(package) for name in imports_of(file)}
    parts = {".".join(name.split(".")[:2]) for name in found if name.startswith("harness.")}
    shared = {"child_environment", "processes", "shell"}
    return parts - {f"harness.{name}" for name in (package, *shared)}


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("wire", {"harness.errors"}),
        ("twin", {"harness.errors", "harness.wire"}),
        ("report", set()),
        (
            "recipe",
            {
                "harness.checks",
                "harness.dataset",
                "harness.errors",
                "harness.janitor",
                "harness.wire",
            },
        ),
        ("checks", {"harness.acceptance", "harness.errors"}),
        ("acceptance", {"harness.errors"}),
        ("dataset", {"harness.errors"}),
        ("janitor", {"harness.errors"}),
        (
            "crash",
            {
                "harness.errors",
                "harness.janitor",
                "harness.run",
                "harness.targets",
                "harness.warm",
                "harness.wire",
            },
        ),
        ("measure", {"harness.errors", "harness.report"}),
        ("wire_diff", {"harness.errors", "harness.wire"}),
        (
            "sdk",
            {
                "harness.errors",
                "harness.install",
                "harness.janitor",
                "harness.plan_file",
                "harness.report",
                "harness.targets",
                "harness.warm",
                "harness.wire",
                "harness.wire_diff",
            },
        ),
        ("targets", {"harness.errors", "harness.twin", "harness.wire", "harness.wire_diff"}),
    ],
)
def test_packages_import_only_what_they_may(package: str, allowed: set[str]) -> None:
    """The arrows between packages are those of ARCHITECTURE.md."""
    assert files_of(package)
    assert ours(package) <= allowed


ARROWS = dict(
    re.findall(r"^(\w+) +<- ([\w, ]+?)(?:   .*)?$", (ROOT / "ARCHITECTURE.md").read_text(), re.M)
)


@pytest.mark.parametrize("package", ARROWS)
def test_the_page_draws_the_arrows_that_there_are(package: str) -> None:
    """ARCHITECTURE.md names all who import a package, and nobody else."""
    users = {
        file.relative_to(HARNESS).parts[0].removesuffix(".py")
        for file in files_of(".")
        if any(f"{name}.".startswith(f"harness.{package}.") for name in imports_of(file))
    }

    assert {*ARROWS[package].split(", ")} == users - {package}


def test_only_the_plugins_and_step_import_pytest() -> None:
    """Everything else can be used without pytest; warm.py runs it in forks of one process."""
    plugins = {"early_plugin.py", "pytest_plugin.py"}
    users = {f.relative_to(HARNESS).as_posix() for f in files_of(".") if "pytest" in imports_of(f)}

    assert plugins | {"step.py", "warm.py"} == users


def test_heavy_packages_stay_in_engine_and_serving() -> None:
    """torch, transformers, peft and mlflow run in the twin's own processes only."""
    users = {
        file.relative_to(HARNESS).as_posix()
        for file in files_of("twin")
        if {name.split(".")[0] for name in imports_of(file)} & HEAVY
    }

    assert all(user.startswith(("twin/engine/", "twin/serving/")) for user in users - PRELOAD)


PRELOAD = {"twin/preload.py"}  # what the warm process imports for both


def test_no_module_imports_the_sdk_at_its_top() -> None:
    """The SDK costs two seconds, and reads settings that the target has to make first."""
    users = [
        file.relative_to(HARNESS).as_posix()
        for file in files_of(".")
        if any(name.startswith("azure") for name in imports_of(file, top_level_only=True))
    ]

    assert users == []


def test_collection_leaves_the_sdk_out(tmp_path: Path) -> None:
    """Collecting every scenario and test does not import azure.ai.ml."""
    script = (
        "import sys, pytest; code = pytest.main(['--collect-only', '-q', 'scenarios', "
        "'tests/test_plan_file.py']); assert code == 0, code; "
        "assert 'azure.ai.ml' not in sys.modules"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_installer_needs_nothing_installed() -> None:
    """It makes the environment that everything else is imported from."""
    roots = {name.split(".")[0] for name in imports_of(HARNESS / "install.py")}

    assert roots - {"__future__"} <= sys.stdlib_module_names
