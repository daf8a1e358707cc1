"""What each release of the matrix changes against the one before it, on its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.sdk import command
from harness.sdk.changed import changed
from harness.sdk.row import place, read_row
from tests.sdk.recordings import other_size, recorded

VALUE = 'body.properties.properties.vmSize: "Standard_NC24ads_A100_v4" -> "small"'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Three releases, of which the newest differs from both."""
    for version, change in (("1.0", None), ("1.1", None), ("1.2", other_size)):
        recorded(tmp_path, version, change)
    return tmp_path


def test_each_release_is_told_against_the_one_before(home: Path) -> None:
    """Requests with their operation and answers of probes, in whatever order the rows come."""
    rows = [read_row(home, version) for version in ("1.0", "1.2", "1.1")]

    assert changed(rows, home) == {
        "1.2, after 1.1": [
            "breaking: answer changed job_status: str 'X' -> str 'JobStatus.X'",
            f"risky: value changed {VALUE} (compute.create)",
        ],
        "1.1, after 1.0": ["nothing above harmless"],
    }


def test_what_cannot_be_compared_is_said_to_be(home: Path) -> None:
    """A row of another state of the recipe, and one without a recording; neither ends the page."""
    newest, middle, oldest = (read_row(home, version) for version in ("1.2", "1.1", "1.0"))
    (place(home, "1.0") / "behaviour.json").unlink()
    rows = [replace(newest, recipe="another"), middle, oldest]

    assert changed(rows, home) == {
        "1.2, after 1.1": ["not compared: they were recorded with two states of the recipe"],
        "1.1, after 1.0": [
            "not compared: 1.0 was not asked how it behaves: passed, 80 requests, 20 s"
        ],
    }


@pytest.mark.parametrize("name", ["matrix.md", "matrix.html"])
def test_both_pages_of_the_matrix_have_it(home: Path, name: str) -> None:
    """As `sdk matrix --page` writes them."""
    page = home / name

    command.main(["matrix", "--releases", "1.2,1.1", "--home", str(home), "--page", str(page)])

    text = page.read_text(encoding="utf-8").replace("&gt;", ">")
    assert "1.2, after 1.1" in text
    assert "risky: value changed body.properties.properties.vmSize" in text
