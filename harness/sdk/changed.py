"""What each release of the matrix changes against the one before it, for its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from packaging.version import Version

from harness.errors import HarnessError
from harness.sdk.diff import Compared, compared
from harness.sdk.environments import HOME
from harness.sdk.releases import bare
from harness.sdk.row import Row
from harness.wire_diff.change import SEVERITIES


def changed(rows: Sequence[Row], home: Path = HOME) -> dict[str, list[str]]:
    """By `1.35.0, after 1.34.1`: its changes above harmless, worst first.

    Newest first, in whatever order the rows come. Where two cannot be compared, that is the line.
    """
    newest_first = sorted(rows, key=_version, reverse=True)
    return {
        f"{latter.version}, after {former.version}": _changes(former, latter, home)
        for latter, former in pairwise(newest_first)
    }


def _version(row: Row) -> tuple[Version, str]:
    return Version(bare(row.version)), row.version


def _changes(former: Row, latter: Row, home: Path) -> list[str]:
    if former.recipe != latter.recipe:
        return ["not compared: they were recorded with two states of the recipe"]
    try:
        return list(_told(compared(former, latter, home))) or ["nothing above harmless"]
    except HarnessError as error:
        return [f"not compared: {str(error).splitlines()[0]}"]


def _told(found: Compared) -> Iterator[str]:
    """The same change in several calls stands once, with their operations."""
    for severity in SEVERITIES[:-1]:
        operations: dict[str, dict[str, None]] = {}
        for change in (*found.wire, *found.behaviour):
            if change.severity == severity:
                operations.setdefault(str(change), {})[change.operation] = None
        for what, names in operations.items():
            of = f" ({', '.join(names)})" if any(names) else ""
            yield f"{severity}: {what}{of}"
