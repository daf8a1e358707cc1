"""The file: indented JSON that vcrpy's own JSON serializer reads, one cassette a step.

`version` and `interactions` are vcrpy's; `provenance`, and `operation`, `fold`, `asked_by` in an
interaction, are ours. Everything that differs at each recording without anything having changed
stands in `provenance`, so recording an unchanged run again changes nothing below it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.errors import CassetteError
from harness.wire.references import expand

VERSION = 1  # vcrpy's
FORMAT = 1  # ours
LIMIT = 5_000_000  # bytes; the whole recipe is a twentieth of this
HEADER: Mapping[str, type] = {  # what a header holds; the seal does not cover it
    "target": str,
    "scenario": str,
    "recorded": str,
    "plan_hash": str,
    "plan": dict,
    "packages": dict,
    "workspace": dict,
    "files": list,
    "step": int,
    "kept": dict,
    "folds": dict,
    "measured": dict,
}
_PROVENANCE, _MARK = b'"provenance": {', b'"interactions": ['
# how `written` lays a file out: no string of JSON holds a newline, so these stand nowhere else
_NEXT, _ANSWER, _ANSWERED = b"\n  },\n  {", b',\n   "response": ', b"\n   }"


Half = tuple[str, memoryview]


@dataclass(frozen=True, slots=True)
class Interaction:
    """What was asked, with references expanded; and its answer, which is read when it is played.

    Nine tenths of a cassette are answers: the replay of a step that fails early reads few of them.
    """

    asked: dict[str, Any]
    answer: Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Cassette:
    """One file: where it is, what its header says, and its interactions."""

    path: Path
    provenance: Mapping[str, Any]
    interactions: list[Interaction]

    @property
    def step(self) -> int:
        """The step it was recorded in."""
        return int(self.provenance["step"])


def written(provenance: Mapping[str, Any], interactions: list[dict[str, Any]]) -> str:
    """The text of a cassette."""
    body = _pretty(interactions, 1)
    sealed = {"format": FORMAT, **provenance, "sha256": _seal(body.encode())}
    return (
        f'{{\n "version": {VERSION},\n "provenance": {_pretty(sealed, 1)},\n'
        f' "interactions": {body}\n}}\n'
    )


def replace_all(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Put these cassettes in the place of all that were there: all of them, or none.

    They are written beside the folder first, then the folders are exchanged.
    """
    fresh, former = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))
    for left in (fresh, former):
        shutil.rmtree(left, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, text in texts.items():
        (fresh / name).write_text(text, encoding="ascii")
    if folder.exists():
        os.rename(folder, former)
    try:
        os.rename(fresh, folder)
    except OSError:
        os.rename(former, folder)
        raise
    shutil.rmtree(former, ignore_errors=True)
    return [folder / name for name in texts]


def read(path: Path, *, limit: int = LIMIT) -> Cassette:
    """A cassette, with stand-ins in place of its references.

    Raises CassetteError when it is missing, too large, no JSON, of another format or changed
    by hand.
    """
    content = _content(path, limit)
    try:
        provenance = json.loads(_header(content, path))
    except ValueError as error:
        raise _wrong(path, f"its header is not JSON: {error}") from error
    if provenance.get("format") != FORMAT:
        raise _wrong(path, f"its format is {provenance.get('format')!r}, this reads {FORMAT}")
    for name, kind in HEADER.items():
        if not isinstance(value := provenance.get(name, kind()), kind):
            raise _wrong(path, f"its header says {name} is {value!r}, which is no {kind.__name__}")
    start, end = content.index(_MARK) + len(_MARK) - 1, content.rindex(b"]") + 1
    body = memoryview(content)[start:end]
    if provenance.get("sha256") != _seal(body):
        raise _wrong(path, _changed(bytes(body)))
    try:
        halves = list(_halves(content, start + len("[\n  {"), end - len("\n  }\n ]")))
        return Cassette(path, provenance, _interactions(halves, provenance, path))
    except (ValueError, KeyError) as error:
        raise _wrong(path, f"an interaction is not as recordings have it: {error!r}") from error


def _changed(body: bytes) -> str:
    """What became of interactions that are not those of the seal."""
    try:
        json.loads(body)
    except ValueError as error:
        return f"it is cut off or not JSON: {error}"
    return "its interactions were changed by hand after the recording"


def _halves(content: bytes, start: int, end: int) -> Iterator[Half]:
    """Each interaction without its answer, and the answer, in a text that `written` wrote."""
    while start < end:
        following = content.find(_NEXT, start, end)
        stop = following if following >= 0 else end
        opens = content.index(_ANSWER, start, stop)
        closes = content.rindex(_ANSWERED, opens, stop) + len(_ANSWERED)  # then plain values only
        question = content[start:opens] + content[closes:stop]
        yield question.decode(), memoryview(content)[opens + len(_ANSWER) : closes]
        start = stop + len(_NEXT)


def _interactions(
    halves: Sequence[Half], provenance: Mapping[str, Any], path: Path
) -> list[Interaction]:
    """All questions are read in one go, each answer when it is wanted."""
    measured = provenance.get("measured", {})
    text = ",".join(f"{{{question}}}" for question, _ in halves)
    asked = json.loads(expand(f"[{text}]", measured))
    return [
        Interaction(question, partial(_answer, answer, measured, path))
        for question, (_, answer) in zip(asked, halves, strict=True)
    ]


def _answer(text: memoryview, measured: Mapping[str, Any], path: Path) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(expand(str(text, "ascii"), measured))
    except KeyError as error:
        raise _wrong(path, f"its header lacks what was measured as {error}") from error
    return answer


def provenance_of(folder: Path) -> dict[str, Any] | None:
    """The header of the first cassette in a folder; None when there is none to read."""
    for path in sorted(folder.glob("*.json"))[:1]:
        with path.open("rb") as file:
            start = file.read(200_000)
        try:
            header: dict[str, Any] = json.loads(_header(start, path))
            return header
        except (CassetteError, ValueError):
            return None
    return None


def _content(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise _wrong(path, f"it has {size / 1e6:.0f} MB, and the limit is {limit / 1e6:.0f} MB")
        return path.read_bytes()
    except FileNotFoundError:
        raise _wrong(path, "it does not exist") from None


def _header(content: bytes, path: Path) -> bytes:
    """The JSON of the provenance, which stands before the interactions."""
    start, end = content.find(_PROVENANCE), content.find(_MARK)
    if start < 0 or end < 0:
        try:
            json.loads(content)
        except UnicodeDecodeError as error:
            raise _wrong(path, f"it is not text: {error}") from error
        except ValueError as error:
            raise _wrong(path, f"it is cut off or not JSON: {error}") from error
        raise _wrong(path, "it is JSON, but has no provenance and interactions")
    return content[start + len(_PROVENANCE) - 1 : end].rstrip().rstrip(b",")


def _wrong(path: Path, why: str) -> CassetteError:
    return CassetteError(
        f"cassette {path} cannot be used: {why}.\nNext: git checkout -- {path.name} in "
        f"{path.parent}, or record again: pytest scenarios/{path.parent.name} --target twin "
        "--record"
    )


def _seal(body: bytes | memoryview) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _pretty(value: Any, depth: int) -> str:
    """One field a line; a list of plain values, and what is empty, on one line."""
    if isinstance(value, dict) and value:
        inner = [f"{json.dumps(key)}: {_pretty(item, depth + 1)}" for key, item in value.items()]
        return _block(inner, "{}", depth)
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return _block([_pretty(item, depth + 1) for item in value], "[]", depth)
    if isinstance(value, list) and len(json.dumps(value)) > 100:
        return _block([json.dumps(item) for item in value], "[]", depth)
    return json.dumps(value)


def _block(items: list[str], brackets: str, depth: int) -> str:
    space = "\n" + " " * (depth + 1)
    return f"{brackets[0]}{space}{f',{space}'.join(items)}\n{' ' * depth}{brackets[1]}"
