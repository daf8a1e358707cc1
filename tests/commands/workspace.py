"""A copy of the tree in which commands are typed, by somebody who is signed in nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.commands.pages import ROOT
from tests.sdk.recordings import other_size, recorded

PARTS = ("benchmarks", "cassettes", "constraints", "data", "docs", "harness", "scenarios", "tests")
FILES = ("Makefile", "README.md", "conftest.py", "pyproject.toml")
NOBODY = "http://127.0.0.1:9"  # the discard port: no command comes as far as Azure or the hub
MINUTES = 5


@dataclass(frozen=True)
class Workspace:
    """A folder with the tree and its environments, and the only variables of its shell."""

    folder: Path
    variables: dict[str, str]

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """What a shell makes of it; both outputs in one."""
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=MINUTES * 60,
            check=False,
        )

    def record(self, releases: Sequence[str]) -> None:
        """Recordings of them in `releases`; the second half of them ask otherwise."""
        half = len(releases) // 2
        for number, release in enumerate(releases):
            recorded(self.folder / "releases", release, other_size if number >= half else None)


def copied_tree(folder: Path, index: str) -> Workspace:
    """A new one; `index` is where packages come from."""
    tree = folder / "the tree ä"
    for part in PARTS:
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in FILES:
        shutil.copy(ROOT / file, tree)
    for name in (".venv", ".venv-twin"):
        (tree / name).symlink_to(ROOT / name)
    (folder / "home").mkdir()
    variables = {
        "HOME": str(folder / "home"),
        "PATH": f"{tree / '.venv/bin'}:{os.environ.get('PATH', os.defpath)}",
        "LANG": "C.UTF-8",
        "TMPDIR": str(folder),
        "PYTHONPATH": str(tree),  # the environments hold the tree that this is a copy of
        "HARNESS_TWIN_LAZY": "1",
        "AZURE_CONFIG_DIR": str(folder / "home"),
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",  # not the machine's own identity
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOBODY),
        "NO_PROXY": "127.0.0.1,localhost",
        "UV_DEFAULT_INDEX": index,
        "UV_CACHE_DIR": str(folder / "cache"),
        "PIP_INDEX_URL": index,
        "PIP_CONFIG_FILE": os.devnull,
    }
    return Workspace(tree, variables)
