"""Where files go, and what stands there already: nobody's own file is written over.

`data.json` says which files this command wrote, by name and hash. Whatever else stands under a
name that is to be written is somebody's, and so is a file of ours that was changed since.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.dataset.keep import kept
from harness.dataset.look import looked, typed
from harness.dataset.sources import Source
from harness.errors import RefusedError

RECORD = "data.json"


def nothing_is_lost(sources: Sequence[Source], folder: Path) -> None:
    """Raises RefusedError when a split's file would replace a source, or a file not ours."""
    told = recorded(folder)
    for source in sources:
        target = folder / f"{source.split}.jsonl"
        with looked(target):
            if os.path.lexists(target):
                _replaceable(target, told, [path for each in sources for path in each.paths])


def _replaceable(target: Path, told: Mapping[str, Any], read: Sequence[Path]) -> None:
    same = [path for path in read if target.exists() and target.samefile(path)]
    if same:
        raise RefusedError(
            f"{target} is {same[0]} itself, which is read: it would be written over; nothing was "
            "written. Next: name another folder with --to"
        )
    entry, pending = told["splits"].get(target.stem), told["writing"].get(target.stem)
    if hash_of(target) in {entry and entry["sha256"], pending} - {None}:
        return
    found = f"was changed since {RECORD} was written" if entry else "is there already, and is"
    whose = "" if entry else f" none that this command wrote ({RECORD} there does not know it)"
    raise RefusedError(
        f"{target} {found}{whose}; it would be lost, so nothing was written. "
        f"Next: name another folder with --to, or mv -n {typed(target)} {typed(target)}.mine"
    )


def recorded(folder: Path) -> dict[str, Any]:
    """`splits`: what was written, by split. `writing`: the hash of one about to get its name.

    Raises RefusedError when it cannot be read, or another program's file has that name.
    """
    path = folder / RECORD
    try:
        with looked(path):
            found = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {"splits": {}, "writing": {}}
    except ValueError:
        found = None
    parts = found.get("splits") if isinstance(found, dict) else None
    if not isinstance(parts, dict) or not all(_ours(entry) for entry in parts.values()):
        raise RefusedError(
            f"{path} is none that this command wrote, and would be lost. "
            f"Next: name another folder with --to, or mv -n {typed(path)} {typed(path)}.mine"
        )
    return {"splits": parts, "writing": found.get("writing", {})}


def _ours(entry: object) -> bool:
    return isinstance(entry, dict) and {"rows", "sha256", "allowed", "asked"} <= set(entry)


def announce(folder: Path, split: str, sha256: str) -> None:
    """Before the file gets its name: a kill right after that leaves none that is nobody's."""
    told = recorded(folder)
    _save(folder, told | {"writing": told["writing"] | {split: sha256}})


def note(folder: Path, split: str, entry: Mapping[str, Any]) -> None:
    """The file has its name."""
    told = recorded(folder)
    left = {name: sha256 for name, sha256 in told["writing"].items() if name != split}
    _save(folder, {"splits": told["splits"] | {split: entry}, "writing": left})


def _save(folder: Path, told: Mapping[str, Any]) -> None:
    found = {name: part for name, part in told.items() if part or name == "splits"}
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    with kept(folder / RECORD) as out:
        out.write(text.encode())


def hash_of(path: Path) -> str:
    """SHA-256 of a file, nothing when it is not there."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
