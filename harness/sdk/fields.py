"""The fields of recorded answers, and a recording in which some of them are missing."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harness.wire.cassette import read, written

EACH = "[*]"  # of a list: every item of it
ANY = "*"  # of an object that holds things by their names, such as the inputs of a component
_THINGS = 5  # so many objects, and nothing else, are held by name


class Field(NamedTuple):
    """A field in all answers of an operation: `job.get body.properties.status`."""

    operation: str
    path: tuple[str, ...]  # begins with `body` or `header`

    def __str__(self) -> str:
        return f"{self.operation} {'.'.join(self.path).replace('.[*]', EACH)}"

    def holds(self, other: Field) -> bool:
        """Whether the other one goes with this one."""
        return self.operation == other.operation and other.path[: len(self.path)] == self.path


Recorded = Mapping[str, dict[str, Any]]  # by file name: provenance and whole interactions


def recorded(folder: Path) -> Recorded:
    """The cassettes of a folder; an answer that refers to an equal one stands there itself.

    Raises CassetteError when one cannot be trusted.
    """
    return {file.name: _whole(file) for file in sorted(folder.glob("*.json"))}


def _whole(file: Path) -> dict[str, Any]:
    read(file)
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    answers = [entry["response"] for entry in told["interactions"]]
    for answer in answers:
        if "same_as" in answer["body"]:
            answer["body"] = json.loads(json.dumps(answers[answer["body"]["same_as"] - 1]["body"]))
    return told


def fields_of(told: Recorded) -> list[Field]:
    """All fields of all answers, each once: an object stands before what it holds."""
    found = dict[Field, None]()
    for cassette in told.values():
        for entry in cassette["interactions"]:
            for path in _paths(_parts(entry["response"])):
                found[Field(entry["operation"], path)] = None
    return list(found)


def without(told: Recorded, dropped: Collection[Field]) -> dict[str, str]:
    """The text of each cassette, these fields gone from every answer of their operation."""
    texts = {}
    for name, cassette in told.items():
        copy = json.loads(json.dumps(cassette))
        for entry in copy["interactions"]:
            gone = {field.path for field in dropped if field.operation == entry["operation"]}
            response = entry["response"]
            left = _left(_parts(response), gone)
            response["headers"] = left["header"]
            if "json" in response["body"]:
                response["body"]["json"] = left["body"]
        texts[name] = written(_header(copy["provenance"]), copy["interactions"])
    return texts


def _header(provenance: dict[str, Any]) -> dict[str, Any]:
    return {name: told for name, told in provenance.items() if name not in ("format", "sha256")}


def _parts(response: dict[str, Any]) -> dict[str, Any]:
    """What of an answer has fields: its headers, and a body that is JSON."""
    return {"header": response["headers"], "body": response["body"].get("json")}


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path[1:]:
        yield path
    if isinstance(value, dict):
        things = _by_name(value)
        for key, held in value.items():
            yield from _paths(held, (*path, ANY if things else key))
    elif isinstance(value, list) and path[:1] != ("header",):
        for held in value:
            yield from (under for under in _paths(held, (*path, EACH)) if under[-1] != EACH)


def _left(value: Any, gone: Collection[tuple[str, ...]], path: tuple[str, ...] = ()) -> Any:
    """The value without what stands at these paths, each read as `_paths` wrote it."""
    if isinstance(value, dict):
        things = _by_name(value)
        each = [(key, (*path, ANY if things else key)) for key in value]
        return {key: _left(value[key], gone, under) for key, under in each if under not in gone}
    if isinstance(value, list) and path[:1] != ("header",):
        return [_left(held, gone, (*path, EACH)) for held in value]
    return value


def _by_name(value: dict[str, Any]) -> bool:
    """Whether an object holds things by their names; the same shape is asked in every answer."""
    return len(value) >= _THINGS and all(isinstance(held, dict) for held in value.values())
