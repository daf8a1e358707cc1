"""What recorded answers of Azure ML have in common, operation by operation: names and types only.

`recorded_shapes.json` beside this file is made from the recorded pairs by
`python -m tests.twin.recorded_shapes`, where they are present. No value of any answer is in it.
Source of the pairs: recordings of Microsoft's own clients (azure-sdk-for-python's azure-ai-ml
tests, azure-powershell and others).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import pairs
from .scenes import SCENES

FILE = Path(__file__).with_suffix(".json")
SOURCE = (
    "recorded answers of Azure ML (tests of azure-ai-ml, azure-powershell and others), reduced to "
    "key paths, types and header names by tests/twin/recorded_shapes.py"
)
Key = tuple[str, int]


@dataclass(frozen=True)
class Recorded:
    """The recordings of one operation with one status: what all have, what any has."""

    pairs: int
    alike: int  # of those, comparable with the scene; 0 when there is no scene
    always: list[str]  # paths
    ever: dict[str, list[str]]  # path -> types
    headers_always: list[str] | None  # None when no recording has all its headers
    headers_ever: list[str] | None


def read() -> dict[Key, Recorded]:
    """All of the file in the checkout."""
    raw = json.loads(FILE.read_text(encoding="utf-8"))["operations"]
    return {_key(label): Recorded(**body) for label, body in raw.items()}


def text(recordings: Iterable[pairs.Pair]) -> str:
    """The file that these recordings make."""
    by_key: dict[Key, list[pairs.Pair]] = defaultdict(list)
    for pair in recordings:
        by_key[pair.operation, pair.status].append(pair)
    found = {
        f"{name} {status}": _distilled((name, status), by_key[name, status])
        for name, status in sorted(by_key)
    }
    lines = [f"  {json.dumps(label)}: {json.dumps(body)}" for label, body in found.items()]
    body = ",\n".join(lines)
    return f'{{\n "source": {json.dumps(SOURCE)},\n "operations": {{\n{body}\n }}\n}}\n'


def _distilled(key: Key, found: list[pairs.Pair]) -> dict[str, Any]:
    scene = SCENES.get(key)
    alike = [pair for pair in found if scene and scene.like(pair)]
    shapes = [pairs.shape(None if pair.body == "null" else pair.body) for pair in alike]
    full = [pairs.names(pair.headers) for pair in alike if pair.headers is not None]
    return asdict(
        Recorded(
            pairs=len(found),
            alike=len(alike),
            always=sorted(pairs.always(shapes)),
            ever={path: sorted(kinds) for path, kinds in sorted(pairs.ever(shapes).items())},
            headers_always=sorted(set.intersection(*full)) if full else None,
            headers_ever=sorted(set.union(*full)) if full else None,
        )
    )


def _key(label: str) -> Key:
    name, _, status = label.rpartition(" ")
    return name, int(status)


if __name__ == "__main__":
    FILE.write_text(text(pairs.recorded(pairs.needed_file())), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size:,} bytes")
