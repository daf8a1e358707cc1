"""One request and its answer, as every reader of the wire sees it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exchange:
    """What was asked, what was answered, when (seconds since the start) and how long (seconds).

    The path has no query, so that no signature or token can be in it.
    """

    step: int | None
    operation: str | None
    method: str
    host: str
    path: str
    status: int | None  # None: no answer came
    at: float
    seconds: float
    error: str | None = None
