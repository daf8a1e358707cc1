"""Synthetic tapes: the same interactions for every engine, written as each one reads them.

Shaped after the recorded traffic of the recipe (cassettes/finetune_chat): answers of 2 KB on
average, one URL in five a blob's with seven query parameters, most others with one. Half are polls
of forty resources in turn, one in ten creates something, two in ten ask a deployment, two in ten
read a blob. Answers are ARM's JSON with 19 headers. A tape of n is the beginning of a longer one.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.wire.cassette import written
from harness.wire.draft import drafted
from harness.wire.message import Message
from harness.wire.operations import name_of
from harness.wire.scrub import Scrubber

WORKSPACE = (
    "https://management.azure.com/subscriptions/5ab50000-0000-4000-8000-000000000001/resourceGroups/"
    "bench/providers/Microsoft.MachineLearningServices/workspaces/bench"
)
SCORING = "https://bench.eastus.inference.ml.azure.com/score"
BLOB = (
    "https://bench.blob.core.windows.net/azureml/logs/{}.txt?sv=2024-11-04&sr=b&spr=https&sp=r"
    "&st=2031-01-01T00%3A00%3A00Z&se=2031-01-02T00%3A00%3A00Z&sig=recorded-signature"
)
HEADERS = {f"x-ms-bench-{n}": f"value number {n}" for n in range(16)} | {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-cache",
    "pragma": "no-cache",
}


@dataclass(frozen=True)
class Interaction:
    """A request with its JSON body as text, and the bytes of its answer."""

    method: str
    url: str
    body: str | None
    status: int
    answer: bytes


def interactions(count: int) -> list[Interaction]:
    """The first so many; the same ones every time."""
    drawn = random.Random(11)
    return [_interaction(number, drawn) for number in range(count)]


def write_ours(tape: Sequence[Interaction], lengths: Sequence[int], folder: Path) -> None:
    """As cassettes: drafted, scrubbed and written by the code that records."""
    draft = drafted([_message(at, one) for at, one in enumerate(tape)], Scrubber())[1]
    for n in lengths:
        entries = draft.entries[:n]
        named = re.findall(r'"<measured:(\d+)>"', json.dumps(entries))
        measured = {number: draft.measured[number] for number in named}
        header = {"step": 1, "scenario": "bench", "target": "twin", "measured": measured}
        (folder / f"ours_{n}.json").write_text(written(header, entries))


def write_vcrpy(tape: Sequence[Interaction], lengths: Sequence[int], folder: Path) -> None:
    """As YAML of vcrpy, from vcrpy's own serializer; cassetter reads the same file."""
    from vcr.serializers import yamlserializer

    ending = yamlserializer.serialize({"version": 1})
    entries = [yamlserializer.serialize([_for_vcrpy(one)]) for one in tape]
    for n in lengths:
        text = f"interactions:\n{''.join(entries[:n])}{ending}"
        (folder / f"vcrpy_{n}.yaml").write_text(text)


def write_floor(tape: Sequence[Interaction], lengths: Sequence[int], folder: Path) -> None:
    """As plain JSON for the dict: method, URL, body, status, answer."""
    rows = [[one.method, one.url, one.body, one.status, one.answer.decode()] for one in tape]
    for n in lengths:
        (folder / f"floor_{n}.json").write_text(json.dumps(rows[:n]))


WRITERS: tuple[Callable[[Sequence[Interaction], Sequence[int], Path], None], ...] = (
    write_ours,
    write_vcrpy,
    write_floor,
)


def _interaction(number: int, drawn: random.Random) -> Interaction:
    size = drawn.choices((1_000, 4_000, 20_000), (70, 25, 5))[0]
    match number % 10:
        case 0:
            url = f"{WORKSPACE}/jobs/job-{number}?api-version=2024-10-01-preview"
            asked = {"properties": {"displayName": f"job {number}", "inputs": {"epochs": "1"}}}
            return Interaction("PUT", url, json.dumps(asked), 201, _answer(number, size, drawn))
        case 1 | 2:
            asked = {"input_data": {"question": f"what is {number} and {drawn.random()}?"}}
            said = json.dumps({"output": f"said {drawn.random()} " * (size // 30)}).encode()
            return Interaction("POST", SCORING, json.dumps(asked), 200, said)
        case 3 | 4:
            return Interaction("GET", BLOB.format(number), None, 200, _answer(number, size, drawn))
    url = f"{WORKSPACE}/computes/c-{number % 40}?api-version=2024-10-01-preview"
    return Interaction("GET", url, None, 200, _answer(number, size, drawn))


def _answer(number: int, size: int, drawn: random.Random) -> bytes:
    """ARM-like JSON of about so many bytes; each its own."""
    value: dict[str, Any] = {"id": f"/computes/{number}", "name": f"n{number}", "properties": {}}
    for field in range(size // 50):
        value["properties"][f"propertyNumber{field}"] = f"value {drawn.randrange(1000)} of {number}"
    return json.dumps(value, separators=(",", ":")).encode()


def _message(at: int, one: Interaction) -> Message:
    return Message(
        step=1,
        in_step=True,
        operation=name_of(one.method, one.url),
        method=one.method,
        url=one.url,
        headers={"content-type": "application/json"},
        body=one.body,
        status=one.status,
        reason="OK",
        answer_headers=HEADERS,
        answer=one.answer,
        at=float(at),
        until=at + 0.5,
    )


def _for_vcrpy(one: Interaction) -> dict[str, Any]:
    sent = {"Content-Type": ["application/json"], "Accept": ["*/*"]}
    return {
        "request": {"method": one.method, "uri": one.url, "body": one.body, "headers": sent},
        "response": {
            "status": {"code": one.status, "message": "OK"},
            "headers": {name: [value] for name, value in HEADERS.items()},
            "body": {"string": one.answer.decode()},
        },
    }
