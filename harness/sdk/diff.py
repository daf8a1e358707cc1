"""`python -m harness sdk diff A B`: what release B asks and does otherwise than A.

Exit code 0: nothing above harmless; 1: something is; 2: one of the two did not get that far.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import SdkError
from harness.sdk import releases
from harness.sdk.behaviour import behaved, differences
from harness.sdk.environments import HOME
from harness.sdk.matrix import Say, matrix
from harness.sdk.probes import PROBES
from harness.sdk.row import Import, Row, place, told_import, told_run
from harness.wire_diff import change
from harness.wire_diff.calls import Recording, recording
from harness.wire_diff.change import SEVERITIES, Change
from harness.wire_diff.compare import changes

_INSTALLERS = ("pip", "setuptools", "uv")  # no part of what is compared


@dataclass(frozen=True)
class Compared:
    """Two releases: what they ask and do otherwise, and what differs beside them."""

    before: Row
    after: Row
    wire: tuple[Change, ...]
    behaviour: tuple[Change, ...]
    packages: tuple[str, ...]
    calls: tuple[int, int]

    @property
    def worst(self) -> str:
        """The worst severity, or `none`."""
        found = {c.severity for c in self.wire} | {d.severity for d in self.behaviour}
        return next((severity for severity in SEVERITIES if severity in found), "none")


def claims(found: Compared) -> list[str]:
    """What to search for with `sdk bisect`, worst first: operations, probes, the import."""
    worst = sorted((*found.wire, *found.behaviour), key=lambda c: SEVERITIES.index(c.severity))
    told = (_claim(each) for each in worst if each.severity != "harmless")
    return list(dict.fromkeys(claim for claim in told if claim))


def _claim(change: Change) -> str:
    if change.kind.startswith("import"):
        return "import"
    probe = change.where.split(" ")[0]
    return change.operation or (probe if probe in PROBES else "")


def diff(one: str, two: str, say: Say, home: Path = HOME) -> Compared:
    """Compare two releases; what is not recorded yet is recorded first.

    Raises SdkError when the recipe does not pass under one of them, CassetteError when a recording
    cannot be read.
    """
    before, after = alike(one, two, say, home)
    return compared(before, after, home)


def compared(before: Row, after: Row, home: Path = HOME) -> Compared:
    """The same of two rows that were tried. Raises SdkError when one of them has no recording."""
    calls = [recorded(row, home) for row in (before, after)]
    told = [behaviour(row, home) for row in (before, after)]
    return Compared(
        before=before,
        after=after,
        wire=tuple(changes(*calls)),
        behaviour=(*fresh_differences(before.today, after.today), *differences(*told)),
        packages=tuple(_packages(before.packages, after.packages)),
        calls=(len(calls[0].calls), len(calls[1].calls)),
    )


def alike(one: str, two: str, say: Say, home: Path) -> list[Row]:
    """Both rows, of one recipe: what was recorded before the recipe changed is recorded again."""
    rows = matrix([one, two], say, home)
    if rows[0].recipe != rows[1].recipe:
        stale = [row.version for row in rows if row.recipe != releases.recipe()]
        say(f"the recipe changed since {' and '.join(stale)} was recorded; recording again")
        matrix(stale, say, home, again=True)
    return matrix([one, two], say, home)


def recorded(row: Row, home: Path = HOME) -> Recording:
    """What a release asked. Raises SdkError when its run was not green."""
    if row.ran is None or row.ran.outcome != "passed":
        raise _untold(row, "has no recording to compare")
    return recording(place(home, row.version) / "cassettes" / "finetune_chat")


def behaviour(row: Row, home: Path = HOME) -> dict[str, Any]:
    """What the probes of a release gave, and what its import warned of.

    Raises SdkError when they were not asked, since its run was not green.
    """
    file = place(home, row.version) / "behaviour.json"
    if not file.exists():
        raise _untold(row, "was not asked how it behaves")
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told | {
        "warnings": sorted({*row.today.warnings, *(row.ran.warnings if row.ran else ())})
    }


def _untold(row: Row, what: str) -> SdkError:
    why = told_run(row.ran) if row.ran else told_import(row.today)
    return SdkError(
        f"{row.version} {what}: {why}\n"
        f"Next: python -m harness sdk matrix --again --releases {row.version}"
    )


def fresh_differences(one: Import, two: Import) -> Iterator[Change]:
    """What a fresh installation does otherwise."""
    former, latter = (each.error or each.installs for each in (one, two))
    if former != latter:
        kind = "import broken" if latter else "import mended"
        kind = "import broken otherwise" if former and latter else kind
        yield behaved(kind, "in a fresh environment", _state(one), _state(two))


def _state(found: Import) -> str:
    return found.installs or found.error or "imports"


def _packages(one: Sequence[str], two: Sequence[str]) -> Iterator[str]:
    """Other packages that differ between the two environments; they may be the reason."""
    former, latter = (dict(pin.split("==", 1) for pin in side) for side in (one, two))
    for name in sorted({*former, *latter} - {*_INSTALLERS, releases.package()}):
        if former.get(name) != latter.get(name):
            yield f"{name} {former.get(name, 'absent')} -> {latter.get(name, 'absent')}"


def machine(found: Compared) -> str:
    """All of it as JSON."""

    def row(each: Change) -> Mapping[str, Any]:
        return asdict(each) | {"severity": each.severity, "why": each.why}

    told = {
        "before": found.before.version,
        "after": found.after.version,
        "target": "twin",
        "worst": found.worst,
        "claims": claims(found),
        "requests": [row(each) for each in found.wire],
        "behaviour": [row(each) for each in found.behaviour],
        "packages": found.packages,
        "calls": found.calls,
    }
    return json.dumps(told, indent=1)


def told(found: Compared) -> Iterator[str]:
    """All of it for people, worst first; the same change in several calls stands once."""
    yield (
        f"{releases.package()} {found.before.version} ({found.before.published}) -> "
        f"{found.after.version} ({found.after.published}), both against the twin"
    )
    for severity in SEVERITIES:
        lines = list(change.told([*found.wire, *found.behaviour], severity))
        yield from [f"\n{severity}", *lines] if lines else []
    if found.packages:
        yield f"\nother packages that differ: {', '.join(found.packages)}"
    all_of = [*(c.severity for c in found.wire), *(d.severity for d in found.behaviour)]
    counts = ", ".join(f"{all_of.count(severity)} {severity}" for severity in SEVERITIES)
    yield f"\n{found.calls[0]} calls before, {found.calls[1]} after; {counts}"
