"""`training.json` in the folder of a run: what a reference can be gathered from later."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from harness.acceptance.facts import RunFacts, from_json
from harness.acceptance.reference import FEWEST, BadReferenceError, Kind, Reference, checked

FILE = "training.json"
_COMPARE = "pytest scenarios --target twin --set finetune.compare_with_reference=true"


def keep(folder: Path, run: RunFacts, kind: Kind) -> Path:
    """Write the run's figures beside its run.json."""
    path = folder / FILE
    text = json.dumps({"facts": run.to_json(), "kind": asdict(kind)}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def kept(path: Path) -> tuple[RunFacts, Kind]:
    """What `keep` wrote. Raises BadReferenceError when there is no such file, or another one."""
    if not path.parent.exists():
        raise BadReferenceError(
            f"there is no folder {path.parent}. Next: ls {path.parent.parent}, and name the folder "
            "of a run"
        )
    if not path.exists():
        raise BadReferenceError(
            f"cannot tell: {path.parent} has no {FILE}. Only a live run that compares leaves its "
            f"figures there, a replay has none. Next: {_COMPARE}"
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return from_json(document["facts"]), Kind(**document["kind"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadReferenceError(
            f"{path} does not hold the figures of a training: {type(error).__name__}: {error}. "
            f"Next: {_COMPARE}"
        ) from error


def gather(target: str, folders: Iterable[Path], made_by: str) -> tuple[Reference, list[str]]:
    """A reference of a target's green runs among these folders, and a line for each left out.

    The runs must be of one kind. Conditions are kept where all agree; bits are compared only then.
    Raises BadReferenceError when fewer than reference.FEWEST runs are left, or their kinds differ.
    """
    runs: list[RunFacts] = []
    kinds: list[Kind] = []
    skipped: list[str] = []
    for folder in sorted({folder.resolve() for folder in folders}):  # reports/latest is a link
        reason = _not_green(folder, target)
        if reason:
            skipped.append(f"{folder.name}: {reason}")
            continue
        run, kind = kept(folder / FILE)
        runs.append(run)
        kinds.append(kind)
    if len(runs) < FEWEST:
        raise BadReferenceError(_few(target, len(runs), skipped))
    if len({json.dumps(dict(kind.of), sort_keys=True) for kind in kinds}) > 1:
        raise BadReferenceError(_several(kinds))
    first = kinds[0]
    conditions = first.conditions if all(k.conditions == first.conditions for k in kinds) else {}
    name = "-".join(filter(None, (target, first.of.get("profile"))))
    found = Reference(name, first.of, conditions, tuple(runs), None, made_by)
    return checked(found), skipped


def _not_green(folder: Path, target: str) -> str | None:
    """Why a run is no reference: it failed, is a replay, or is of another target."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"no run.json ({type(error).__name__})"
    if record.get("outcome") != "passed":
        return f"the run {record.get('outcome')}"
    if record.get("target") != target:
        return f"the target was {record.get('target')}"
    return None if (folder / FILE).is_file() else f"no {FILE}"


def _few(target: str, green: int, skipped: list[str]) -> str:
    reasons = Counter(line.partition(": ")[2] for line in skipped)
    left = ", ".join(f"{count} because {reason}" for reason, count in reasons.most_common())
    return (
        f"{green} green run(s) of {target}, and {FEWEST} are the fewest that say anything about "
        f"spread; left out: {left or 'none'}. Next: pytest scenarios --target {target}, again"
    )


def _several(kinds: list[Kind]) -> str:
    keys = sorted({key for kind in kinds for key in kind.of})
    apart = [key for key in keys if len({kind.of.get(key) for kind in kinds}) > 1]
    values = {key: sorted({str(kind.of.get(key)) for kind in kinds}) for key in apart}
    return (
        f"the runs differ in {', '.join(apart)}: {values}. Next: name only runs of one kind, "
        "see training.json in each"
    )
