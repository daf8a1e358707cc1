"""The files of a recording: all or none written, and the same on every day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.wire.cassette import replace_all
from harness.wire.save import save
from tests.wire.conftest import WS


def test_all_files_are_replaced_or_none(recording, tmp_path: Path) -> None:
    """A write that fails leaves the former cassettes; one that works leaves nothing of them."""
    folder = recording()
    before = {file.name: file.read_text() for file in folder.iterdir()}

    with pytest.raises(UnicodeEncodeError):
        replace_all(folder, {"1_connection.json": "{}", "2_new.json": "é"})
    assert {file.name: file.read_text() for file in folder.iterdir()} == before

    replace_all(folder, {"9_only.json": "{}"})
    assert [file.name for file in folder.iterdir()] == ["9_only.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small"]


def test_recorded_again_only_the_header_differs(recording) -> None:
    """Another time, another id of the workspace's owner: the same interactions, byte for byte."""
    one, two = recording(), recording(folder="again")

    def below(folder: Path) -> list[str]:
        files = sorted(folder.iterdir())
        return [file.read_text().split('"interactions"')[1] for file in files]

    assert below(one) == below(two)


def test_recorded_on_another_day_only_the_header_differs(tmp_path: Path, message) -> None:
    """Next year, in every form a moment comes in: the same interactions, byte for byte."""

    def recorded(moment: datetime) -> list[str]:
        day, epoch = moment.isoformat(), int(moment.timestamp())
        told = {"createdAt": day, "createdUtc": epoch, "ms": epoch * 1000 + 7, "day": day[:10]}
        url = f"WS/jobs/job-{epoch - 9}?t={epoch * 10**7 + 621355968 * 10**9}&se={day[:19]}Z"
        sent = f"{moment:%a, %d %b %Y %H:%M:%S} GMT"
        one = message("GET", url, answer=told, answer_headers={"last-modified": sent})
        folder = tmp_path / day[:10]
        about = {"target": "twin", "scenario": "small", "plan_hash": "x", "plan": {}}
        steps, timestamp = {1: "connection"}, str(epoch - 9)
        save([one], folder, about=about, steps=steps, timestamp=timestamp, kept={}, now=moment)
        return (folder / "1_connection.json").read_text().split('"interactions"')

    one = recorded(datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC))
    two = recorded(datetime(2032, 12, 31, 23, 59, 59, tzinfo=UTC))

    assert one[0] != two[0]
    assert one[1] == two[1]
    assert "203" not in one[1]


def test_the_subscription_is_a_reference_everywhere(recording) -> None:
    """Also in the header: no file holds the id."""
    text = "".join(file.read_text() for file in recording().iterdir())

    assert "11111111-2222" in WS
    assert "11111111-2222" not in text
    assert "<subscription:1>" in text
