"""All that newer releases change, as one text: the diff, and what the searches answer to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import SdkError
from harness.sdk import command, news, packages, releases
from harness.sdk.row import place, read_row, write_row
from tests.sdk.recordings import other_size, recorded

PINNED = releases.named("pinned")
VERSIONS = (PINNED, "2.0", "2.1", "2.2b1")
SIZE = 'value changed body.properties.properties.vmSize: "Standard_NC24ads_A100_v4" -> "small"'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pinned release and three newer ones, all recorded; 2.1 and its successor differ."""

    def listed(_: str, *, pre: bool = False) -> tuple[str, ...]:
        return VERSIONS if pre else VERSIONS[:-1]

    monkeypatch.setattr(packages, "versions", listed)
    monkeypatch.setattr(releases, "versions", listed)
    for version in VERSIONS:
        recorded(tmp_path, version, other_size if version in VERSIONS[2:] else None)
    return tmp_path


def told(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and text."""
    code = command.main(["news", *words, "--home", str(home)])
    return code, capsys.readouterr().out


def test_one_text_of_both_has_the_diffs_and_the_answers(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest and the newest pre-release: what differs, and which release brought the worst."""
    code, text = told(home, capsys, "newest", "newest-pre")

    newest, pre = text.split("## ")[1:]
    assert code == 1
    assert newest.startswith("2.1: asks or does something otherwise than the pinned release")
    assert pre.startswith("2.2b1: asks")
    for part in (newest, pre):
        assert SIZE in part
        assert "== which release changed job_status\njob_status changes in azure-ai-ml 2.1" in part
        assert "== which release changed compute.create\ncompute.create changes in" in part
        assert part.count("```") == 2


def test_a_search_without_an_answer_takes_nothing_from_the_rest(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as not found; diff and the other answers stand."""
    real = packages.versions

    def once(*given: object, **more: object) -> tuple[str, ...]:
        monkeypatch.setattr(packages, "versions", real)
        raise SdkError("no versions of azure-ai-ml were found")

    monkeypatch.setattr(packages, "versions", once)
    code, text = told(home, capsys, "newest")

    assert code == 1
    assert "changed job_status\nnot found: no versions of azure-ai-ml were found" in text
    assert "compute.create changes in azure-ai-ml 2.1" in text


def test_a_release_that_does_not_run_says_what_stands_in_the_way(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is compared: its row with the culprit is the text; others are told too."""
    row = read_row(home, "2.1")
    error = "ModuleNotFoundError: No module named 'six'"
    today = replace(row.today, error=error, culprits=("six is used and not declared",))
    write_row(home, replace(row, today=today, ran=None))

    code, text = told(home, capsys, "newest", "newest-pre")

    assert code == 2
    assert "## 2.1: nothing was compared" in text
    assert "2.1 has no recording to compare: does not import" in text
    assert "- 2.1: six is used and not declared" in text
    assert "## 2.2b1: asks or does something otherwise" in text


def test_one_that_cannot_be_looked_at_takes_nothing_from_the_others(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither compared nor searched: that is what is said of it."""
    row = read_row(home, "2.1")
    write_row(home, replace(row, today=replace(row.today, error="ImportError: no"), ran=None))

    def broken(*_: object, **__: object) -> object:
        raise SdkError("uv is not installed")

    monkeypatch.setattr(news, "matrix", broken)
    code, text = told(home, capsys, "newest", "newest-pre")

    assert code == 2
    assert "what stands in the way was not found: uv is not installed" in text
    assert "## 2.2b1: asks or does something otherwise" in text


def test_what_changes_nothing_is_no_news(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, which closes the issue; the pinned release is none, and each stands once."""
    assert told(home, capsys, "2.0", "2.0")[1].count("## 2.0: nothing above harmless") == 1
    assert told(home, capsys, "2.0")[0] == 0
    assert told(home, capsys, "pinned") == (0, "No release is newer than the pinned one.\n")


def test_no_issue_is_longer_than_github_takes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """65,536 characters, of two releases; the fence is closed."""
    for version in VERSIONS[2:]:
        file = place(home, version) / "behaviour.json"
        file.write_text(file.read_text().replace("JobStatus.X", "x" * 90_000))

    text = told(home, capsys, "newest", "newest-pre")[1]

    assert len(text) < 65_536
    assert text.count("```") == 4
    assert text.count("== which release changed compute.create") == 2  # the answers are still there
    assert "... cut; `sdk diff` tells all" in text
