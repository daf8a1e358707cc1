"""Replay: the right answer for each request, in order, from any thread, and misses explained."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from vcr.errors import CannotOverwriteExistingCassetteException

from harness.errors import CassetteError, MissError
from harness.wire.cassette import read, written
from harness.wire.draft import drafted
from harness.wire.hook import hooked
from harness.wire.record import Recorder
from harness.wire.scrub import Scrubber
from harness.wire.sockets import blocked
from harness.wire.tape import Tape
from tests.wire.conftest import WS

HERE = WS.replace("11111111-2222-3333-4444-555555555555", "5ab50000-0000-4000-8000-000000000001")
JOB = {"properties": {"displayName": "a", "inputs": {"epochs": "1", "rate": "5e-6"}}}


def ask(tape: Tape, method: str, path: str = "", body=None) -> requests.Response:
    """One request, answered by the tape, with the network closed."""
    url = path if path.startswith("http") else HERE + path
    with hooked(tape.through), blocked():
        return requests.request(method, url, json=body)


def test_bytes_are_those_recorded(tape, message) -> None:
    """Compact, spaced, indented, with and without escapes, no JSON at all: byte for byte."""
    value = {"a": 1.0, "b": ["é", None, 1e-07], "c": {"d": []}}
    bodies = [
        json.dumps(value, separators=(",", ":")).encode(),
        json.dumps(value).encode(),
        json.dumps(value, indent=2).encode(),
        json.dumps(value, ensure_ascii=False).encode(),
        b'{"a" : 1.00}',
        b"line one\nline two\n",
        bytes(range(256)),
        b"",
    ]
    recorded = tape(*(message("GET", f"WS/jobs/{n}", answer=b) for n, b in enumerate(bodies)))

    assert [ask(recorded, "GET", f"/jobs/{n}").content for n in range(len(bodies))] == bodies


@pytest.mark.parametrize(
    "read",
    [
        lambda answer: answer.content,
        lambda answer: answer.raw.read(decode_content=False),
        lambda answer: b"".join(answer.raw.stream(7, decode_content=False)),
        lambda answer: b"".join(answer.raw),
        lambda answer: b"".join(answer.iter_content(7)),
        lambda answer: b"".join(answer.iter_lines()) + b"\n",
    ],
)
def test_a_body_is_read_in_every_way(tape, message, read) -> None:
    """At once or in pieces, through requests or from urllib3's stream, as azure-core downloads."""
    recorded = tape(message("GET", "WS/jobs/1", answer=b"one line of more than seven bytes\n"))
    answer = ask(recorded, "GET", "/jobs/1")

    assert read(answer) == b"one line of more than seven bytes\n"
    assert answer.raw.status == 200
    assert answer.content == b"one line of more than seven bytes\n"


def test_key_order_and_query_order_do_not_count(tape, message) -> None:
    """Releases of the SDK differ in the order of keys only; that is no other request."""
    recorded = tape(message("PUT", "WS/jobs/j?a=1&b=2", body=JOB, answer={"ok": True}))
    turned = {"properties": dict(reversed(JOB["properties"].items()))}

    assert ask(recorded, "PUT", "/jobs/j?b=2&a=1", turned).json() == {"ok": True}


def test_git_properties_do_not_count(tape, message) -> None:
    """Another checkout, another branch, or none: the job is the same."""
    git = {"mlflow.source.git.branch": "main", "azureml.git.dirty": "True"}
    recorded = tape(message("PUT", "WS/jobs/j", body={"properties": {"a": "1", **git}}, answer={}))

    assert ask(recorded, "PUT", "/jobs/j", {"properties": {"a": "1"}}).ok


def test_an_id_the_client_makes_is_bound(tape, message) -> None:
    """Random at each run, in the request and echoed by the answers that follow."""
    old, new = "aaaaaaaa-1111-4222-8333-444444444444", "bbbbbbbb-5555-4666-8777-888888888888"
    recorded = tape(
        message("PUT", "WS/jobs/j", body={"id": old}, answer={"got": old}),
        message("GET", f"WS/runs/{old}", answer={"id": old}),
    )

    assert ask(recorded, "PUT", "/jobs/j", {"id": new}).json() == {"got": new}
    assert ask(recorded, "GET", f"/runs/{new}").json() == {"id": new}


def test_sequences_of_a_resource_are_ordered(tape, message) -> None:
    """Absent, created, present, in that order; another resource may come at any time."""
    recorded = tape(
        message("GET", "WS/computes/c", status=404, answer={}),
        message("PUT", "WS/computes/c", body={"n": 1}, status=201, answer={}),
        message("GET", "WS/computes/c", answer={"here": True}),
        message("GET", "WS/jobs/j", answer={}),
    )

    assert ask(recorded, "GET", "/jobs/j").ok
    assert ask(recorded, "GET", "/computes/c").status_code == 404
    with pytest.raises(MissError, match=r"(?s)came too early.*#2 compute.create.*order"):
        ask(recorded, "GET", "/computes/c")


def test_the_end_of_polls_comes_at_once(tape, message) -> None:
    """Three polls are one entry with the last answer, however often it is asked."""
    poll = (
        "https://management.azure.com/subscriptions/s/providers/"
        "Microsoft.MachineLearningServices/locations/l/computeOperationsStatus/7"
    )
    recorded = tape(
        *(message("GET", poll, answer={"status": s}) for s in ("InProgress", "InProgress", "Done"))
    )

    assert len(recorded.entries) == 1
    assert [ask(recorded, "GET", poll).json()["status"] for _ in range(4)] == ["Done"] * 4
    assert recorded.waited(1) == 2.5


@pytest.mark.parametrize(
    ("asked", "difference", "cause"),
    [
        (("PUT", "/jobs/j?api-version=2", JOB), "query api-version: recorded 1, asked 2", "api-v"),
        (
            ("PUT", "/jobs/j?api-version=1", {**JOB, "more": 1}),
            "body.more: recorded (absent), asked 1",
            "the recipe or the plan asks something else at step 1",
        ),
        (
            ("PUT", "/jobs/honest_tree_1a2b3c4d5e?api-version=1", JOB),
            "asked honest_tree_1a2b3c4d5e",
            "a random name",
        ),
        (("POST", "/jobs/j?api-version=1", JOB), "method: recorded PUT, asked POST", "the recipe"),
    ],
)
def test_a_miss_explains_itself(tape, message, asked, difference: str, cause: str) -> None:
    """Nearest entry, first differing field, probable cause, and the command to type."""
    recorded = tape(message("PUT", "WS/jobs/j?api-version=1", body=JOB, answer={}))

    with pytest.raises(MissError) as missed:
        ask(recorded, *asked)

    text = str(missed.value)
    assert "nearest: 0.json #1 job.submit" in text
    assert difference in text
    assert f"probable cause: {cause}" in text
    assert "record again: pytest scenarios/small --target twin --record" in text


def test_another_release_of_the_sdk_is_named(tape, message) -> None:
    """When a request differs and the SDK is another one, that is the probable cause."""
    recorded = tape(message("PUT", "WS/jobs/j", body=JOB), packages={"azure-ai-ml": "1.0.0"})

    with pytest.raises(MissError, match=r"azure-ai-ml \S+ asks otherwise than 1\.0\.0"):
        ask(recorded, "PUT", "/jobs/j", {})


def test_asked_too_often_is_a_miss(tape, message) -> None:
    """An answer is played once; vcrpy's users catch the error they know."""
    recorded = tape(message("GET", "WS", answer={}))
    ask(recorded, "GET")

    with pytest.raises(CannotOverwriteExistingCassetteException, match="more often than when"):
        ask(recorded, "GET")


def test_what_is_not_asked_for_is_told_apart(tape, message) -> None:
    """A call that is gone is not the same as fewer polls; after a miss nothing is said."""
    poll = (
        "https://management.azure.com/subscriptions/s/providers/"
        "Microsoft.MachineLearningServices/locations/l/computeOperationsStatus/7"
    )
    recorded = tape(message("GET", "WS/jobs/j"), message("GET", poll, answer={}))

    with pytest.raises(CassetteError) as left:
        recorded.check_played({1}, with_tests=True)
    assert "a call is gone: 0.json #1 job.get" in str(left.value)
    assert "fewer polls: 0.json #2 compute.poll" in str(left.value)

    with pytest.raises(MissError):
        ask(recorded, "GET", "/nothing")
    recorded.check_played({1}, with_tests=True)


def from_threads(address: str, threads: int, each: int) -> Counter[int]:
    """Requests from threads with a session each, as the worst case for vcrpy; answers by code."""

    def work(thread: int) -> list[int]:
        with requests.Session() as session:
            return [
                session.post(f"{address}/{thread}/{n}", data=f"{thread} {n}").status_code
                for n in range(each)
            ]

    with ThreadPoolExecutor(threads) as pool:
        return Counter(code for codes in pool.map(work, range(threads)) for code in codes)


def record(server, threads: int, each: int, path) -> Tape:
    """A tape of what the threads ask of a real server."""
    recorder = Recorder(lambda: 1)
    with hooked(recorder.through):
        from_threads(f"http://127.0.0.1:{server.server_port}", threads, each)
    file = path / "x.json"
    file.write_text(written({"step": 1}, drafted(recorder.messages, Scrubber())[1].entries))
    return Tape([read(file)])


def test_threads_lose_nothing_and_reach_nothing(server, tmp_path) -> None:
    """8 threads, 320 requests: all recorded, all played, and the server hears none of them."""
    tape = record(server, 8, 40, tmp_path)
    heard = len(server.asked)
    with hooked(tape.through), blocked() as refused:
        answers = from_threads("http://127.0.0.1:9", 8, 40)

    assert (heard, len(server.asked), len(tape.entries)) == (320, 320, 320)
    assert answers == {200: 320}
    assert refused == []
    assert not tape.unplayed({1}, with_tests=True)


@pytest.mark.slow_replay
def test_a_hundred_replays_from_threads(server, tmp_path, repeats: int) -> None:
    """16 threads, 100 times: no packet, none lost, no hang."""
    tape = record(server, 16, 20, tmp_path)
    heard = len(server.asked)
    for _ in range(repeats):
        again = Tape(tape.cassettes)
        with hooked(again.through), blocked() as refused:
            assert from_threads("http://127.0.0.1:9", 16, 20) == {200: 320}
        assert refused == []
        assert not again.unplayed({1}, with_tests=True)

    assert len(server.asked) == heard


def test_recordings_from_threads_are_alike(server, tmp_path) -> None:
    """However the threads were scheduled, two recordings have the same entries in one order."""
    one, two = record(server, 8, 10, tmp_path), record(server, 8, 10, tmp_path)

    assert sorted(e.uri for e in one.entries) == sorted(e.uri for e in two.entries)
    assert threading.active_count() < 50
