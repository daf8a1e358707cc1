"""A recording as the calls it made: the request halves of its cassettes, ids and hashes blurred."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.errors import CassetteError
from harness.wire.cassette import read

# what a blob address carries for the storage service; the rest of it is the service's signature
_OF_BLOBS = ("comp", "restype", "prefix", "delimiter", "include", "blockid")


@dataclass(frozen=True)
class Call:
    """One request. `body` is a JSON value, text, or None; `interval` is of polls, in seconds."""

    step: int
    operation: str
    method: str
    host: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    interval: float | None = None

    @property
    def resource(self) -> tuple[str, tuple[str, ...]]:
        """What it is about; hashes of uploads apart, which another release may make otherwise."""
        return self.host, tuple(re.sub(r"^[0-9a-f]{32,64}$", "<hash>", part) for part in self.path)

    def __str__(self) -> str:
        return f"{self.method} .../{'/'.join(self.path[-4:])}"


@dataclass(frozen=True)
class Recording:
    """All calls of a scenario in order, and the packages that made them."""

    folder: Path
    packages: Mapping[str, str]
    calls: tuple[Call, ...]


def recording(folder: Path) -> Recording:
    """The recording in a folder of cassettes.

    Raises CassetteError when there is none, or a file of it cannot be trusted.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise CassetteError(
            f"there are no cassettes in {folder}.\n"
            f"Next: pytest scenarios --target twin --record --cassettes {folder.parent}"
        )
    packages = read(files[0]).provenance["packages"]
    return Recording(folder, packages, tuple(call for file in files for call in _calls(file)))


def _calls(file: Path) -> Iterator[Call]:
    """The calls of one file, as it stands: references instead of ids compare equal."""
    read(file)  # refuses what is cut off, of another format, or changed by hand
    told = json.loads(file.read_text(encoding="utf-8"))
    folds, step = told["provenance"]["folds"], told["provenance"]["step"]
    for number, entry in enumerate(told["interactions"], start=1):
        operation, request = entry["operation"], entry["request"]
        place = urlsplit(_blurred(request["uri"]))
        fold = folds.get(f"{number} {operation}")
        yield Call(
            step=step,
            operation=operation,
            method=request["method"],
            host=place.netloc,
            path=tuple(unquote(part) for part in place.path.strip("/").split("/")),
            query=dict(_query(place.query, of_blobs=operation.startswith("blob."))),
            headers=request["headers"],
            body=_body(request["body"]),
            interval=fold["seconds"] / fold["count"] if fold and fold["count"] > 1 else None,
        )


def _query(query: str, *, of_blobs: bool) -> Iterator[tuple[str, str]]:
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if not of_blobs or name in _OF_BLOBS:
            yield name, unquote(value)


def _body(body: Any) -> Any:
    """JSON with blurred references; the key under which JSON came as text is looked through."""
    return json.loads(_blurred(json.dumps(body)))


def _blurred(text: str) -> str:
    """References without their numbers: one more id in between is no difference."""
    return re.sub(r"<(\w+):[\w:]+>", r"<\1>", text)
