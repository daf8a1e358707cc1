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
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CassetteError
from harness.wire.references import expand

VERSION = 1  # vcrpy's
FORMAT = 1  # ours
LIMIT = 5_000_000  # bytes; the whole recipe is a twentieth of this
_MARK = '"interactions": ['


@dataclass(frozen=True)
class Cassette:
    """One file: where it is, what its header says, its interactions with references expanded."""

    path: Path
    provenance: Mapping[str, Any]
    interactions: list[dict[str, Any]]

    @property
    def step(self) -> int:
        """The step it was recorded in."""
        return int(self.provenance["step"])


def written(provenance: Mapping[str, Any], interactions: list[dict[str, Any]]) -> str:
    """The text of a cassette."""
    body = _pretty(interactions, 1)
    sealed = {"format": FORMAT, **provenance, "sha256": _seal(body)}
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
    text = _text(path, limit)
    try:
        provenance = json.loads(_header(text, path))
    except ValueError as error:
        raise _wrong(path, f"its header is not JSON: {error}") from error
    if provenance.get("format") != FORMAT:
        raise _wrong(path, f"its format is {provenance.get('format')!r}, this reads {FORMAT}")
    body = text[text.index(_MARK) + len(_MARK) - 1 : text.rindex("]") + 1]
    try:
        interactions = json.loads(expand(body, provenance.get("measured")))
    except (ValueError, KeyError) as error:
        raise _wrong(path, f"it is cut off or not JSON: {error}") from error
    if provenance.get("sha256") != _seal(body):
        raise _wrong(path, "its interactions were changed by hand after the recording")
    return Cassette(path, provenance, interactions)


def provenance_of(folder: Path) -> dict[str, Any] | None:
    """The header of the first cassette in a folder; None when there is none to read."""
    for path in sorted(folder.glob("*.json"))[:1]:
        with path.open(encoding="utf-8", errors="replace") as file:
            start = file.read(200_000)
        try:
            header: dict[str, Any] = json.loads(_header(start, path))
            return header
        except (CassetteError, ValueError):
            return None
    return None


def _text(path: Path, limit: int) -> str:
    try:
        size = path.stat().st_size
        if size > limit:
            raise _wrong(path, f"it has {size / 1e6:.0f} MB, and the limit is {limit / 1e6:.0f} MB")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _wrong(path, "it does not exist") from None
    except UnicodeDecodeError as error:
        raise _wrong(path, f"it is not text: {error}") from error


def _header(text: str, path: Path) -> str:
    """The JSON of the provenance, which stands before the interactions."""
    start, end = text.find('"provenance": {'), text.find(_MARK)
    if start < 0 or end < 0:
        try:
            json.loads(text)
        except ValueError as error:
            raise _wrong(path, f"it is cut off or not JSON: {error}") from error
        raise _wrong(path, "it is JSON, but has no provenance and interactions")
    return text[start + len('"provenance": ') : end].rstrip().rstrip(",")


def _wrong(path: Path, why: str) -> CassetteError:
    return CassetteError(
        f"cassette {path} cannot be used: {why}.\nNext: git checkout -- {path.name} in "
        f"{path.parent}, or record again: pytest scenarios/{path.parent.name} --target twin "
        "--record"
    )


def _seal(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


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
