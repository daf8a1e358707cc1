"""`python -m harness sdk contract`: what the supported release asks, small enough to be read.

Written from the cassettes to data/sdk/contract.json: for each operation its method, api-versions,
the names of its query parameters and headers, and the shape of its body. A new recording changes
a line of it where the release, or the recipe, asks otherwise, and none where only values moved.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from harness.sdk.releases import ROOT
from harness.wire.differing import values
from harness.wire_diff.calls import Call, recording

FILE = ROOT / "data" / "sdk" / "contract.json"
CASSETTES = ROOT / "cassettes"
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_MLFLOW = "api/2.0/mlflow/"  # one operation, of many calls


def contract(cassettes: Path = CASSETTES) -> dict[str, Any]:
    """What every recorded scenario asks. Raises CassetteError when a cassette cannot be read."""
    folders = sorted(folder for folder in cassettes.iterdir() if folder.is_dir())
    recorded = {folder.name: recording(folder) for folder in folders}
    return {
        "about": "What the supported release asks; made by `python -m harness sdk contract`.",
        "packages": next(iter(recorded.values())).packages,
        "scenarios": {name: _asked(one.calls) for name, one in recorded.items()},
    }


def written(told: dict[str, Any]) -> str:
    """The text of the file."""
    return json.dumps(told, indent=1) + "\n"


def broken(cassettes: Path = CASSETTES, file: Path = FILE) -> list[str]:
    """What the cassettes ask otherwise than the file says, a line each by its JSON path."""
    held = json.loads(file.read_text(encoding="utf-8"))
    now = json.loads(written(contract(cassettes)))
    return [
        f"{kind} {where}: {before or 'absent'} -> {after or 'absent'}"
        for kind, where, before, after in values(held, now, "contract")
    ]


def shape(value: Any) -> Any:
    """A JSON value with types in place of what it holds; the items of a list are one."""
    if isinstance(value, dict):
        return {key: shape(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_merged([shape(item) for item in value])] if value else []
    return _TYPES[type(value)]


def _asked(calls: Sequence[Call]) -> dict[str, Any]:
    """The calls of each step in order, and what each of them is made of."""
    steps = {
        str(step): [name for name, _ in groupby(_name(call) for call in of_step)]
        for step, of_step in groupby(calls, key=lambda call: call.step)
    }
    names = sorted({_name(call) for call in calls})
    return {
        "steps": steps,
        "operations": {
            name: _described([call for call in calls if _name(call) == name]) for name in names
        },
    }


def _name(call: Call) -> str:
    path = "/".join(call.parts.path)
    return f"{call.operation} {path.partition(_MLFLOW)[2]}".strip()


def _described(calls: Sequence[Call]) -> dict[str, Any]:
    """One operation, of all the calls of it."""
    every = [call.parts for call in calls]
    told = {
        "method": every[0].method,
        "host": _lasting(every[0].host),
        "api_versions": sorted({p.query["api-version"] for p in every if "api-version" in p.query}),
        "query": sorted({name for p in every for name in p.query} - {"api-version"}),
        "headers": sorted({name for p in every for name in p.headers}),
        "body": _merged([shape(p.body) for p in every if p.body is not None]),
    }
    return {key: value for key, value in told.items() if value not in ([], None)}


def _lasting(host: str) -> str:
    """A host without the name of the endpoint, which each run makes."""
    return host.partition(".")[2] if host.endswith("inference.ml.azure.com") else host


def _merged(shapes: Sequence[Any]) -> Any:
    """One shape for several: all fields that any of them has, all types that a field has."""
    if all(isinstance(each, dict) for each in shapes) and shapes:
        keys = sorted({key for each in shapes for key in each})
        return {key: _merged([each[key] for each in shapes if key in each]) for key in keys}
    if all(isinstance(each, list) for each in shapes) and shapes:
        items = [item for each in shapes for item in each]
        return [_merged(items)] if items else []
    return " or ".join(sorted(set(_words(shapes)))) or None


def _words(shapes: Sequence[Any]) -> Iterator[str]:
    for each in shapes:
        yield each if isinstance(each, str) else "object" if isinstance(each, dict) else "list"
