"""A recording read as calls."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from harness.wire.cassette import written
from harness.wire_diff.calls import recording
from tests.wire_diff.planting import SHIPPED


def test_one_poll_has_no_interval(tmp_path: Path) -> None:
    """An interval lies between two polls; of a fold it is the time by their number."""
    shutil.copytree(SHIPPED, tmp_path / "again")
    file = tmp_path / "again" / "3_cluster.json"
    cassette = json.loads(file.read_text())
    label = next(iter(cassette["provenance"]["folds"]))

    def interval(count: int) -> float | None:
        cassette["provenance"]["folds"][label] = {"count": count, "seconds": 6.0}
        file.write_text(written(cassette["provenance"], cassette["interactions"]))
        polls = [call for call in recording(tmp_path / "again").calls if call.step == 3]
        return next(call.interval for call in polls if call.operation == "compute.poll")

    assert interval(1) is None
    assert interval(4) == 1.5
