"""Step 4: the four splits as JSON Lines, every row looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.data import prompts, rows
from harness.checks.facts import Split
from harness.dataset.look import there
from harness.dataset.place import RECORD, hash_of, recorded
from harness.dataset.prepare import prepared, useful, wanted_of
from harness.dataset.rules import BY_NAME, TAKEN, Wanted
from harness.dataset.sources import Source, Take, hub, local
from harness.errors import RefusedError

if TYPE_CHECKING:
    from harness.plan import Plan

SPLITS = ("train_sft", "test_sft", "train_gen", "test_gen")
READ = ("train_sft", "test_sft", "test_gen")  # by the job, and by the question of step 8
COLUMNS = ("prompt", "prompt_id", "messages")
SAMPLE = Path(__file__).resolve().parents[2] / "data" / "ultrachat_sample"


@dataclass(frozen=True)
class Splits:
    """Paths of the splits, row counts, SHA-256 of each file, a preview of the training split.

    `rows` are those the component will not drop, so a file may have more.
    `notes`: what the component will drop, or take although it breaks a rule.
    """

    folder: Path
    rows: dict[str, int]
    preview: str
    sha256: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def path(self, split: str) -> Path:
        """The JSON Lines file of a split."""
        return self.folder / f"{split}.jsonl"

    @property
    def facts(self) -> dict[str, Split]:
        """What is judged of them."""
        return {
            name: Split(f"{name}.jsonl", rows, _prompts(self.path(name)), self.sha256.get(name, ""))
            for name, rows in self.rows.items()
        }


def fetch_splits(plan: Plan, folder: Path) -> Splits:
    """The splits of the plan's data set under `folder`.

    The rows are those the recipe takes, or all of a folder of one's own, unchanged. Raises
    StepError when the download fails, RefusedError when the job would fail at a row; what it would
    drop or take is in the notes.
    """
    take = Take(percent=plan.data.percent) if plan.data.source == "hub" else Take()
    own = plan.data.source not in ("sample", "hub")
    wanted = Wanted(columns=("messages",) if own else COLUMNS, allow=TAKEN)
    done = [
        prepared(
            source, folder, wanted_of(source.split, replace(wanted, longest_line=longest)), take
        )
        for source, longest in _sources(plan)
    ]
    return Splits(
        folder=folder,
        rows={one.split: one.useful for one in done},
        preview=_preview(folder / "train_sft.jsonl"),
        sha256={one.split: one.sha256 for one in done},
        notes=tuple(note for one in done if one.told for note in one.told.notes()),
    )


def questions(file: Path) -> Iterator[list[dict[str, Any]]]:
    """The messages of the rows whose last turn is the user's; a row may have none at all."""
    with file.open(encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines if line.strip())
        for messages in (row.get("messages") for row in rows if row):
            if messages and messages[-1]["role"] == "user":
                yield messages


def _prompts(file: Path) -> int:
    return sum(1 for _ in questions(file))


def unready(source: str) -> str | None:
    """Why a run cannot use that folder as `data.source`, in words; None when it can.

    It holds what `python -m harness data ... --to FOLDER` wrote there: data.json says so.
    """
    try:
        return _unready(source)
    except (RefusedError, ValueError) as error:  # a name with a null byte is a ValueError
        return str(error)


def _unready(source: str) -> str | None:
    folder = Path(source)
    if not source or not there(folder):
        near = get_close_matches(source, ("sample", "hub"), n=1)
        return f"there is no such folder here{f' (did you mean {near[0]}?)' if near else ''}"
    told = recorded(folder)["splits"]
    if not told:
        return f"there is no {RECORD} in it"
    if lacking := [f"{split}.jsonl" for split in READ if split not in told]:
        return (
            f"{RECORD} there does not name {', '.join(lacking)}; a split is named like its source"
        )
    changed = (_changed(folder, split, told[split]) for split in _used(folder, told))
    return next(filter(None, changed), None) or _too_little(folder, told)


def _used(folder: Path, told: Mapping[str, Any]) -> list[str]:
    """The splits that were prepared; one that nobody reads may have been deleted since."""
    return [
        split
        for split in SPLITS
        if split in told and (split in READ or there(folder / f"{split}.jsonl"))
    ]


def _changed(folder: Path, split: str, entry: Mapping[str, Any]) -> str | None:
    if hash_of(folder / f"{split}.jsonl") != entry["sha256"]:
        return f"{split}.jsonl there is not the file of which {RECORD} has the hash"
    fails = [rule for rule in entry["allowed"] if BY_NAME[rule].component == "fails"]
    if fails:
        return f"{split}.jsonl was written with --allow {fails[0]}, and the job fails at such rows"
    return None


def _too_little(folder: Path, told: Mapping[str, Any]) -> str | None:
    """What step 4 would find, before there is a cluster."""
    found = Splits(folder, {split: useful(told[split]) for split in READ}, "").facts
    return next((each.what for judge in (rows, prompts) for each in judge(found)), None)


def _sources(plan: Plan) -> list[tuple[Source, int]]:
    """The hub, a folder of one's own, or the sample that ships with the project: same schema, our
    own text. With each the longest line it may have, in bytes."""
    if plan.data.source == "hub":
        found = hub(plan.data.dataset, SPLITS, "--set data.source=sample")
    elif plan.data.source == "sample":
        found = local(SAMPLE)
    else:
        return _own(plan.data.source)
    return [(source, Wanted.longest_line) for source in found]


def _own(name: str) -> list[tuple[Source, int]]:
    """What was prepared, as long as it is still that."""
    if problem := unready(name):
        raise RefusedError(
            f"data.source = {name}: {problem}. "
            f"Next: python -m harness data SOURCE --to {name}, or another folder"
        )
    told = recorded(Path(name))["splits"]
    return [
        (local(Path(name) / f"{split}.jsonl")[0], told[split]["asked"]["rules"]["longest_line"])
        for split in _used(Path(name), told)
    ]


def _preview(path: Path) -> str:
    """The first rows, as the recipe shows them."""
    import pandas as pd

    return str(pd.read_json(path, lines=True, nrows=5).head().to_string(max_colwidth=60))
