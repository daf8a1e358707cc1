"""`python -m harness cassettes diff BEFORE AFTER`: what the second recording asks otherwise.

Exit code 0: nothing above harmless; 1: something is; 2: a recording cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from harness.errors import CassetteError
from harness.wire_diff.calls import Recording, recording
from harness.wire_diff.change import SEVERITIES, Change, told
from harness.wire_diff.compare import changes


def main(arguments: list[str] | None = None) -> int:
    """Compare two recordings of a scenario and print what differs."""
    parser = argparse.ArgumentParser(
        prog="python -m harness cassettes diff",
        description="what the second recording of a scenario asks otherwise than the first",
    )
    parser.add_argument("before", type=Path, help="folder of one recording's cassettes")
    parser.add_argument("after", type=Path, help="folder of the other's")
    parser.add_argument("--json", action="store_true", help="for machines")
    given = parser.parse_args(arguments)
    try:
        before, after = recording(given.before), recording(given.after)
    except CassetteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = changes(before, after)
    text = _machine(found) if given.json else "\n".join(_told(before, after, found))
    sys.stdout.write(f"{text}\n")
    return int(any(change.severity != "harmless" for change in found))


def _machine(found: Sequence[Change]) -> str:
    rows = [asdict(change) | {"severity": change.severity, "why": change.why} for change in found]
    return json.dumps(rows, indent=1)


def _told(before: Recording, after: Recording, found: Sequence[Change]) -> Iterator[str]:
    """The packages that differ, the changes by severity, and a line that sums up."""
    for name in sorted({*before.packages, *after.packages}):
        one, two = (side.packages.get(name, "absent") for side in (before, after))
        if one != two:
            yield f"{name} {one} -> {two}"
    for severity in SEVERITIES:
        lines = list(told(found, severity))
        yield from [f"\n{severity}", *lines] if lines else []
    counts = [(sum(c.severity == severity for c in found), severity) for severity in SEVERITIES]
    yield f"\n{len(before.calls)} calls before, {len(after.calls)} after: " + ", ".join(
        f"{count} {severity}" for count, severity in counts
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
