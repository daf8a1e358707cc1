"""An index with a small SDK in it that breaks as the real one did."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.sdk import releases
from tests.sdk.package_index import Wheel, served


def sdk(version: str, day: str, imports: str, requires: tuple[str, ...] = ()) -> Wheel:
    """A release of the SDK whose entities import that."""
    files = {"azure/ai/ml/__init__.py": "", "azure/ai/ml/entities/__init__.py": imports}
    return Wheel("azure-ai-ml", version, files, requires, day)


def fields(version: str, day: str, text: str) -> Wheel:
    """A version of the package that takes a name away."""
    return Wheel("marshmallow", version, {"marshmallow/fields.py": text}, (), day)


def tool(requirement: str) -> Wheel:
    """What the harness brings along, with nothing in it."""
    name, _, version = requirement.partition("==")
    return Wheel(name, version or "1.0", {})


WHEELS = [
    sdk("1.31.0", "2024-03-01", "import os\nos._exit(3)"),
    sdk("1.32.0", "2024-03-01", "import time\ntime.sleep(600)"),
    sdk("1.33.0", "2024-03-01", "", ("pytest<9",)),
    sdk("1.34.0", "2024-03-01", "from marshmallow.fields import _T\nimport six", ("marshmallow",)),
    sdk("1.35.0", "2024-03-01", "from marshmallow.fields import _T", ("marshmallow",)),
    sdk("1.36.0", "2025-03-01", "import marshmallow.fields", ("marshmallow>=3",)),
    sdk("1.37.0", "2025-04-01", "", ("no-such-package",)),
    sdk("1.38.0b1", "2025-05-01", ""),
    Wheel("azure-identity", "1.0", {"azure/identity/__init__.py": ""}),
    Wheel("six", "1.17", {"six.py": ""}),
    fields("3.1", "2024-01-01", "_T = 1"),
    fields("3.22", "2024-02-01", "_T = 1"),
    fields("3.23", "2024-04-01", "_T = 1"),
    fields("3.24", "2024-05-01", ""),
    fields("4.0", "2024-06-01", ""),
    Wheel("pytest", "8.0", {}),
    *map(tool, releases.tools()),
]


@pytest.fixture(scope="session")
def index() -> Iterator[str]:
    """The address of the index."""
    with served(WHEELS) as address:
        yield address


@pytest.fixture
def home(index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where environments are made, from that index alone."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("PIP_INDEX_URL", index)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return tmp_path / "sdk"
