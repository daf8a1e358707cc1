"""Fields by their names, and a few of two operations."""

from __future__ import annotations

from harness.sdk.fields import Field

OBJECT = ("a.x body.p", "a.x body.p.q", "a.x body.p.r", "a.x body.s", "b.y body.t", "b.y header.u")


def field(text: str) -> Field:
    """`job.get body.a.b` as a field."""
    operation, _, path = text.partition(" ")
    return Field(operation, tuple(path.split(".")))
