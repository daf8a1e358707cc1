"""`run.json`: written once at session end, read by everything that wants to know about a run.

The schema is `schema.py` (names re-exported here); what makes a record contradict itself is
`consistency.py`.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.report import shape
from harness.report.consistency import validate
from harness.report.schema import (
    SCHEMA,
    Absent,
    Conditions,
    Counts,
    Deleted,
    ExchangeRecord,
    Finding,
    Latency,
    Leftover,
    Point,
    RunRecord,
    Scoring,
    StepRecord,
    Target,
    Training,
    Turn,
)

__all__ = [
    "SCHEMA",
    "Absent",
    "Conditions",
    "Counts",
    "Deleted",
    "ExchangeRecord",
    "Finding",
    "Latency",
    "Leftover",
    "Point",
    "RunRecord",
    "RunRecordError",
    "Scoring",
    "StepRecord",
    "Target",
    "Training",
    "Turn",
    "from_json",
    "read",
    "validate",
    "write",
]


class RunRecordError(ValueError):
    """A `run.json` that cannot be read; `problems` lists every reason found."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        self.path, self.problems = path, problems
        listed = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"{path} is not a run record of schema {SCHEMA}:\n{listed}\n"
            "Next: make it again with `make run`."
        )


def read(path: Path) -> RunRecord:
    """Read a record.

    Raises `RunRecordError` with every misfit of shape, `OSError` when the file cannot be opened.
    A record that fits but contradicts itself is returned: ask `validate`.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunRecordError(path, [f"not JSON: {error}"]) from error
    return from_json(value, path)


def from_json(value: object, path: Path) -> RunRecord:
    """Make a record of parsed JSON; `path` is for the message of `RunRecordError`."""
    if found := sorted(shape.problems(value, RunRecord)):
        raise RunRecordError(path, found)
    record: RunRecord = shape.build(value, RunRecord)
    return record


def write(path: Path, record: RunRecord) -> None:
    """Write a record in one move: readers see the old file or the whole new one.

    Numbers that are not finite become null (JSON has no NaN); values of the plan that JSON does
    not know become text.
    """
    text = json.dumps(_finite(asdict(record)), indent=1, ensure_ascii=True, default=str)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.chmod(temporary, 0o644)  # mkstemp makes 0600, which a CI artefact reader may not open
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
