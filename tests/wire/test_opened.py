"""A replay before it starts: one recording of this plan; its age and packages are told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import CassetteError
from harness.plan import Plan
from harness.wire.cassette import provenance_of, written
from tests.wire.small import opened


def test_a_recording_can_be_replayed(recording) -> None:
    """Target cassette says what was recorded where, and hands back what was measured."""
    target = opened(recording())

    assert target.recorded.startswith("recorded on twin at 20")
    assert target.kept == {"samples_ms": [1.0]}
    assert len(target.tape.entries) == 3


def test_no_cassettes_say_how_to_record_them(tmp_path: Path) -> None:
    """The command stands in the error."""
    with pytest.raises(CassetteError, match="pytest scenarios/x --target twin --record"):
        opened(tmp_path / "x")


def test_another_plan_is_an_error_that_names_the_key(recording) -> None:
    """A value that changed since the recording ends the replay before it starts."""
    plan = Plan(target="cassette")
    other = replace(plan, scoring=replace(plan.scoring, rounds=31))

    with pytest.raises(CassetteError, match=r"scoring\.rounds: recorded 30, now 31"):
        opened(recording(), other)


def test_an_old_recording_is_a_warning(recording) -> None:
    """Older than the plan's limit: a finding, with the command to record again."""
    folder = recording()
    old = (datetime.now(UTC) - timedelta(days=100)).isoformat(timespec="seconds")
    for file in folder.glob("*.json"):
        told = json.loads(file.read_text())
        told["provenance"]["recorded"] = old
        file.write_text(written(told["provenance"], told["interactions"]))

    notes = [note for note in opened(folder).notes if note.check == "cassette.age"]

    assert [note.severity for note in notes] == ["warning"]
    assert "100 days ago, and the plan allows 90" in notes[0].what


def test_another_release_is_a_finding(recording) -> None:
    """Named with both versions; it is no error, for finding out is what a replay is for."""
    folder = recording()
    for file in folder.glob("*.json"):
        told = json.loads(file.read_text())
        told["provenance"]["packages"]["azure-ai-ml"] = "1.0.0"
        file.write_text(written(told["provenance"], told["interactions"]))

    notes = [note for note in opened(folder).notes if note.check == "cassette.packages"]

    assert [note.thing for note in notes] == ["azure-ai-ml"]
    assert "recorded with azure-ai-ml 1.0.0" in notes[0].what


def test_the_header_alone_can_be_read(recording) -> None:
    """The plan of a replay depends on which target was recorded."""
    assert provenance_of(recording())["target"] == "twin"
    assert provenance_of(Path("nowhere")) is None


def test_files_of_two_recordings_do_not_mix(recording) -> None:
    """A file checked out from another day is found by its date."""
    folder = recording()
    file = folder / "2_base_model.json"
    told = json.loads(file.read_text())
    told["provenance"]["recorded"] = "2020-01-01T00:00:00+00:00"
    file.write_text(written(told["provenance"], told["interactions"]))

    with pytest.raises(CassetteError, match=r"several recordings: 1_connection\.json of 20"):
        opened(folder)
