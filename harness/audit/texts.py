"""Every text in a file of cassettes, with where it stands."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CassetteError


@dataclass(frozen=True)
class Text:
    """One text of a file; `name` is the key it stands under, which says what a value is."""

    entry: str  # `#3 job.get`, or `header` for what is not an interaction
    path: str  # below the entry: request.headers.authorization[0]
    name: str
    value: str


def texts_of(path: Path) -> Iterator[Text]:
    """The texts of a cassette, keys of objects as well; it may have been changed by hand.

    Raises CassetteError when the file cannot be read or is not JSON: nobody knows what is in it.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CassetteError(
            f"{path} cannot be audited: {error}.\nNext: git checkout -- {path.name} in "
            f"{path.parent}, or move it elsewhere: this folder is for cassettes in JSON"
        ) from error
    interactions = told.pop("interactions", []) if isinstance(told, dict) else []
    yield from _below(told, "header", "", "")
    for number, interaction in enumerate(interactions, start=1):
        name = interaction.get("operation", "") if isinstance(interaction, dict) else ""
        yield from _below(interaction, f"#{number} {name}".rstrip(), "", "")


def _below(value: Any, entry: str, path: str, name: str) -> Iterator[Text]:
    if isinstance(value, str):
        yield Text(entry, path, *_plain(name, value))
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}".lstrip(".")
            yield Text(entry, f"{inner} (the name)", "", key)
            yield from _below(item, entry, inner, _what(value, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _below(item, entry, f"{path}[{number}]", name)


def _what(parent: dict[str, Any], key: str) -> str:
    """What a value is: its key, or in a list of names and values the name beside it."""
    beside = parent.get("key", parent.get("name"))
    return beside if key == "value" and isinstance(beside, str) else key


def _plain(name: str, value: str) -> tuple[str, str]:
    """What base64 of a binary body hides, which is then no base64; any other text as it is."""
    if name != "base64":
        return name, value
    try:
        return "binary", base64.b64decode(value).decode("latin-1")
    except ValueError:
        return name, value
