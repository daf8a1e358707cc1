"""The file: read only when it is what was recorded, and named with what is wrong when not."""

from __future__ import annotations

import json

import pytest
import requests

from harness.errors import CassetteError
from harness.wire.cassette import read, written
from harness.wire.tape import Tape
from tests.wire.small import again, opened


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


@pytest.mark.parametrize(
    ("change", "ask", "says"),
    [
        (lambda i: i.pop(1), "/jobs/j", "was not recorded"),
        (lambda i: i.append(dict(i[1])), "/jobs/j", "a call is gone: 1_connection.json #3 job.get"),
    ],
)
def test_a_missing_or_extra_entry_is_found(recording, change, ask: str, says: str) -> None:
    """What lacks is a miss, what is too much is left over."""

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
