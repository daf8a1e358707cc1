"""Newer SDKs answer with enums where older ones answered with text."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> str:
    """The text of a state: `JobStatus.FAILED` and `"Failed"` both read `Failed`."""
    return str(getattr(value, "value", value))
