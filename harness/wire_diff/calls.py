"""A recording as the calls it made: the request halves of its cassettes, ids and hashes blurred."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CassetteError
from harness.wire.cassette import read
from harness.wire.differing import Parts, parts_of


@dataclass(frozen=True)
class Call:
    """One request of a step; `interval` is of polls, in seconds."""

    step: int
    operation: str
    parts: Parts
    interval: float | None = None

    @property
    def resource(self) -> tuple[str, tuple[str, ...]]:
        """What it is about; hashes of uploads apart, which another release may make otherwise."""
        path = (re.sub(r"^[0-9a-f]{32,64}$", "<hash>", part) for part in self.parts.path)
        return self.parts.host, tuple(path)

    @property
    def request(self) -> str:
        """The whole request for people: its line, its headers, its body."""
        parts = self.parts
        query = "&".join(f"{name}={value}" for name, value in sorted(parts.query.items()))
        url = f"https://{parts.host}/{'/'.join(parts.path)}{f'?{query}' if query else ''}"
        headers = [f"{name}: {value}" for name, value in parts.headers.items()]
        body = [] if parts.body is None else [json.dumps(parts.body, indent=1, sort_keys=True)]
        return "\n".join([f"{parts.method} {url}", *headers, *body])

    def __str__(self) -> str:
        return f"{self.parts.method} .../{'/'.join(self.parts.path[-4:])}"


_RECORD = "pytest scenarios --target twin --record --cassettes"


@dataclass(frozen=True)
class Recording:
    """All calls of a scenario in order, and the packages that made them."""

    folder: Path
    packages: Mapping[str, str]
    calls: tuple[Call, ...]


def recording(folder: Path) -> Recording:
    """The recording in a folder of cassettes, or in the only folder in it that has some.

    Raises CassetteError when there is none, or a file of it cannot be trusted.
    """
    scenarios = sorted({file.parent for file in folder.glob("*/*.json")})
    if len(scenarios) == 1 and not list(folder.glob("*.json")):
        folder = scenarios[0]
    files = sorted(folder.glob("*.json"))
    if not files:
        named = " or ".join(map(str, scenarios))
        raise CassetteError(
            f"there are no cassettes in {folder}.\nNext: "
            + (f"name {named}" if named else f"{_RECORD} {folder}")
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
        fold = folds.get(f"{number} {operation}")
        interval = fold["seconds"] / fold["count"] if fold and fold["count"] > 1 else None
        parts = request["method"], request["uri"], request["body"], request["headers"]
        yield call_of(step, operation, *parts, interval)


def call_of(
    step: int,
    operation: str,
    method: str,
    url: str,
    body: Any,
    headers: Mapping[str, str],
    interval: float | None = None,
) -> Call:
    """The call that a scrubbed request is."""
    told = json.loads(_blurred(json.dumps(body)))
    of_blobs = operation.startswith("blob.")
    parts = parts_of(method, _blurred(url), told, of_blobs=of_blobs)
    return Call(step, operation, parts._replace(headers=headers), interval)


def _blurred(text: str) -> str:
    """References without their numbers: one more id in between is no difference."""
    return re.sub(r"<(\w+):[\w:]+>", r"<\1>", text)
