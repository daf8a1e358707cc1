"""`python -m harness sdk history`: what each release asks otherwise than the one before.

Written from the recordings of the matrix to data/sdk/history.json, from which a replay under
another release tells when a difference probably came.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk.diff import recorded
from harness.sdk.environments import HOME
from harness.sdk.row import Row, read_row
from harness.wire_diff.compare import changes

_ABOUT = (
    "What each release of the matrix asks otherwise than the release before it; made by "
    "`python -m harness sdk history` from recordings against the twin."
)


def history(versions: Sequence[str], home: Path = HOME) -> dict[str, Any]:
    """The history of these releases, given newest first.

    Raises SdkError when one was not recorded, or not with the same recipe as the others.
    """
    rows = [_row(version, home) for version in reversed(versions)]
    if len({row.recipe for row in rows}) > 1:
        raise SdkError(
            "the recordings are of more than one recipe.\n"
            "Next: python -m harness sdk matrix --again, which records all of them"
        )
    told = [_step(*pair, home) for pair in pairwise(rows)]
    return {"about": _ABOUT, "first": versions[-1], "releases": told}


def written(told: dict[str, Any]) -> str:
    """The text of the file, a field a line."""
    return json.dumps(told, indent=1) + "\n"


def _row(version: str, home: Path) -> Row:
    row = read_row(home, version)
    if row is None:
        raise SdkError(
            f"{version} was not recorded.\nNext: python -m harness sdk matrix --releases {version}"
        )
    return row


def _step(former: Row, latter: Row, home: Path) -> dict[str, Any]:
    found = changes(recorded(former, home), recorded(latter, home))
    told = [replace(each, step=0) for each in found if each.kind != "poll interval"]
    rows = [{k: v for k, v in asdict(each).items() if v} for each in dict.fromkeys(told)]
    return {"release": latter.version, "changes": rows}
