"""After scrubbing: does anything left look like a secret that no rule knows?

A recording that holds one is refused, so that a new kind of secret is met by a person and a new
rule, never by a file.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}")
_SIGNED = re.compile(
    r"(?:(?<![A-Za-z])|(?<=%[0-9A-F][0-9A-F]))sig(?:=|%3D)(?!<)[^&\s\"']{4,}", re.I
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_RUN = re.compile(r"[A-Za-z0-9+/=]{24,}")
_HEX = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{40,}(?![0-9A-Za-z])")
# where a long hash is what it says it is
_HASHES = re.compile(r"LocalUpload/[0-9a-f]{32,64}|<block:[0-9a-f]+>|sha256[:/=][0-9a-f]{64}")


@dataclass(frozen=True)
class Suspect:
    """Something that looks like a secret: of which operation, in which field, and its kind."""

    operation: str
    field: str
    looks_like: str
    shown: str  # the first characters only


def suspects(entry: dict[str, Any]) -> list[Suspect]:
    """What looks like a secret in one entry of a cassette."""
    found = []
    for field, text in _texts(entry, ""):
        if field.endswith((".sha256", ".etag")):
            continue
        text = _HASHES.sub("", text)
        if field.endswith(".base64"):  # what binary holds is looked at, not its disguise
            text = _RUN.sub(" ", base64.b64decode(text).decode("latin-1"))
        found += [
            Suspect(str(entry.get("operation")), field.lstrip("."), kind, f"{hit[:4]}...")
            for kind, hit in _looks(text)
        ]
    return found


def _looks(text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern in (
        ("a token", _TOKEN),
        ("a signature", _SIGNED),
        ("a private key", _PRIVATE_KEY),
        ("a long hexadecimal key", _HEX),
    ):
        for found in pattern.finditer(text):
            yield kind, found[0]
    for found in _RUN.finditer(text):
        if any(_random(piece) for piece in re.split(r"[/=]", found[0]) if len(piece) >= 20):
            yield "a key", found[0]


def _random(text: str) -> bool:
    """Letters of both cases and digits, mixed as no person names things."""
    if not (re.search(r"[a-z]", text) and re.search(r"[A-Z]", text) and re.search(r"\d", text)):
        return False
    classes = re.sub(r"[a-z]", "a", re.sub(r"[A-Z]", "A", re.sub(r"\d", "0", text)))
    switches = sum(one != two for one, two in pairwise(classes))
    counts = Counter(text).values()
    entropy = -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
    return entropy > 3.6 and switches / len(text) > 0.3


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a value with the path to it; keys of objects are texts too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from _texts(item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{path}[{number}]")
