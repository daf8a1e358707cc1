"""The file: written whole or not at all, read only when it is what was recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import CassetteError
from harness.plan import Plan
from harness.targets.cassette import open_cassettes
from harness.wire.cassette import provenance_of, read, replace_all, written
from harness.wire.message import Message
from harness.wire.save import save
from harness.wire.tape import Tape
from tests.wire.conftest import WS

STEPS = {1: "connection", 2: "base_model"}


@pytest.fixture
def recording(tmp_path: Path, message):
    """Cassettes of two steps in a folder, saved as a run saves them."""

    def make(plan: Plan | None = None, folder: str = "small") -> Path:
        messages: list[Message] = [
            message("GET", "WS", answer={"name": "w"}),
            message("GET", "WS/jobs/j", answer={"status": "Completed"}),
            message("GET", "WS/computes/c", answer={"n": 1}, step=2),
        ]
        plan = plan or Plan(target="twin")
        save(
            messages,
            tmp_path / folder,
            about={
                "target": "twin",
                "scenario": "small",
                "plan_hash": plan.digest(),
                "plan": plan.as_dict(),
            },
            steps=STEPS,
            timestamp="1795000000",
            kept={2: {"samples_ms": [1.0]}},
        )
        return tmp_path / folder

    return make


def opened(folder: Path, plan: Plan | None = None):
    """The target of a replay, opened and closed."""
    with open_cassettes(plan or Plan(target="cassette"), folder.parent, folder) as target:
        return target


def again(path: Path, change) -> None:
    """Change the interactions of a file and seal it anew, as a recording would."""
    told = json.loads(path.read_text())
    change(told["interactions"])
    path.write_text(written(told["provenance"], told["interactions"]))


def test_a_recording_can_be_replayed(recording) -> None:
    """Target cassette says what was recorded where, and hands back what was measured."""
    target = opened(recording())

    assert target.recorded.startswith("recorded on twin at 20")
    assert target.kept == {"samples_ms": [1.0]}
    assert len(target.tape.entries) == 3


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: f.write_text(f.read_text()[:-400]), "cut off or not JSON"),
        (lambda f: f.write_text(f.read_text()[:300]), "cut off or not JSON"),
        (lambda f: f.write_text("interactions: []\n"), "not JSON"),
        (lambda f: f.write_text("{}"), "no provenance and interactions"),
        (lambda f: f.write_bytes(bytes(range(128, 256))), "it is not text"),
        (lambda f: f.write_text(f.read_text().replace("Completed", "Failed")), "changed by hand"),
        (lambda f: f.write_bytes(f.read_bytes() + b" " * 50_000_000), "has 50 MB"),
        (
            lambda f: f.write_text(f.read_text().replace('"format": 1', '"format": 9')),
            "format is 9",
        ),
        (lambda f: f.unlink(), "not one recording"),
        (lambda f: f.with_name("3_more.json").write_text(f.read_text()), "not one recording"),
    ],
)
def test_a_wrong_file_is_said_to_be_what_it_is(recording, spoil, says: str) -> None:
    """Cut off, no JSON, edited, huge, missing, one too many: each by its name, with what to do."""
    folder = recording()
    spoil(folder / "1_connection.json")

    with pytest.raises(CassetteError, match=says) as wrong:
        opened(folder)

    assert "Next: git checkout" in str(wrong.value)
    assert "--record" in str(wrong.value)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"kept": None}, "kept is None, which is no dict"),
        ({"step": "one"}, "step is 'one', which is no int"),
        ({"folds": []}, r"folds is \[\], which is no dict"),
        ({"recorded": "yesterday"}, "recorded at 'yesterday'"),
        ({"workspace": {"name": "w"}}, "lacks the workspace's subscription, group"),
        ("kept", "its header lacks kept"),
        ("plan", "its header lacks plan"),
        ("recorded", "its header lacks recorded"),
    ],
)
def test_a_header_changed_by_hand_is_named(recording, header, says: str) -> None:
    """As a merge leaves it, a line lost or of both sides: which file, which field, what to do."""
    file = recording() / "1_connection.json"
    told = json.loads(file.read_text())
    if isinstance(header, str):
        del told["provenance"][header]
    else:
        told["provenance"] |= header
    file.write_text(written(told["provenance"], told["interactions"]))

    with pytest.raises(
        CassetteError, match=rf"1_connection\.json cannot be used: .*{says}"
    ) as wrong:
        opened(file.parent)

    assert "Next: git checkout" in str(wrong.value)


def test_files_of_two_recordings_do_not_mix(recording) -> None:
    """A file checked out from another day is found by its date."""
    folder = recording()
    file = folder / "2_base_model.json"
    told = json.loads(file.read_text())
    told["provenance"]["recorded"] = "2020-01-01T00:00:00+00:00"
    file.write_text(written(told["provenance"], told["interactions"]))

    with pytest.raises(CassetteError, match=r"several recordings: 1_connection\.json of 20"):
        opened(folder)


def test_no_cassettes_say_how_to_record_them(tmp_path: Path) -> None:
    """The command stands in the error."""
    with pytest.raises(CassetteError, match="pytest scenarios/x --target twin --record"):
        opened(tmp_path / "x")


def test_another_plan_is_an_error_that_names_the_key(recording) -> None:
    """A value that changed since the recording ends the replay before it starts."""
    from dataclasses import replace

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


@pytest.mark.parametrize(
    ("change", "ask", "says"),
    [
        (lambda i: i.pop(1), "/jobs/j", "was not recorded"),
        (lambda i: i.append(dict(i[1])), "/jobs/j", "a call is gone: 1_connection.json #3 job.get"),
    ],
)
def test_a_missing_or_extra_entry_is_found(recording, change, ask: str, says: str) -> None:
    """What lacks is a miss, what is too much is left over."""
    import requests

    from harness.wire.hook import hooked

    folder = recording()
    again(folder / "1_connection.json", change)
    tape = Tape([read(folder / "1_connection.json")])
    here = tape.entries[0].uri

    def replay() -> None:
        with hooked(tape.through):
            requests.get(here)
            requests.get(here + ask)
        tape.check_played({1}, with_tests=True)

    with pytest.raises(Exception, match=says):
        replay()


def test_what_was_measured_must_be_there(recording) -> None:
    """A header that lost a value is found when the answer is played that holds it."""
    file = recording() / "1_connection.json"
    told = json.loads(file.read_text())
    told["interactions"][0]["response"]["body"] = {"json": {"loss": "<measured:7>"}}
    file.write_text(written(told["provenance"], told["interactions"]))

    with pytest.raises(CassetteError, match="lacks what was measured as '7'"):
        Tape([read(file)]).entries[0].answer()


def test_an_interaction_without_an_answer_is_none(recording) -> None:
    """What no recording writes is named with its file."""
    file = recording() / "1_connection.json"
    again(file, lambda interactions: interactions[1].pop("response"))

    with pytest.raises(CassetteError, match="an interaction is not as recordings have it"):
        read(file)


@pytest.mark.parametrize("lost", ["status", "headers", "body"])
def test_an_answer_that_is_none_is_named(recording, lost: str) -> None:
    """Found when it is played, and not as an error of Python's."""
    file = recording() / "1_connection.json"
    again(file, lambda interactions: interactions[1]["response"].pop(lost))

    with pytest.raises(
        CassetteError, match=r"answer to 1_connection\.json #2 job\.get that is not"
    ):
        Tape([read(file)]).entries[1].answer()


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


def test_the_header_alone_can_be_read(recording) -> None:
    """The plan of a replay depends on which target was recorded."""
    assert provenance_of(recording())["target"] == "twin"
    assert provenance_of(Path("nowhere")) is None


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
