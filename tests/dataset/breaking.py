"""A broken file, and the list of ways to break one, each with the rule to be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.dataset.files import Way

BREAKS: dict[str, Callable[..., Broken]] = {}
BREAKS_RULE: dict[str, str] = {}


@dataclass(frozen=True)
class Broken:
    """A file with something wrong: `rule` must be told of `line`, of others nothing.

    `also`: lines and rules that may be told besides. `limits`: what is asked of the file.
    """

    data: bytes
    line: int
    rule: str
    also: frozenset[int] = frozenset()
    rules: frozenset[str] = frozenset()
    limits: dict[str, Any] = field(default_factory=dict)


def told(way: Way, lines: list[bytes], at: int, rule: str, **more: Any) -> Broken:
    """Lines as a file, with something wrong in the one at that place, from 0."""
    return Broken(way.file(lines), at + 1, rule, **more)
