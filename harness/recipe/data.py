"""Step 4: the four splits as JSON Lines, every row looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.facts import Split
from harness.dataset.prepare import prepared, wanted_of
from harness.dataset.rules import TAKEN, Wanted
from harness.dataset.sources import Source, Take, hub, local

if TYPE_CHECKING:
    from harness.plan import Plan

SPLITS = ("train_sft", "test_sft", "train_gen", "test_gen")
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

    The rows are those the recipe takes, unchanged. Raises StepError when the download fails,
    RefusedError when the job would fail at a row; what it would drop or take is in the notes.
    """
    take = Take(percent=plan.data.percent) if plan.data.source == "hub" else Take()
    wanted = Wanted(columns=COLUMNS, allow=TAKEN)
    done = [
        prepared(source, folder, wanted_of(source.split, wanted), take) for source in _sources(plan)
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


def _sources(plan: Plan) -> list[Source]:
    """The hub, or the sample that ships with the project: same schema, our own text."""
    if plan.data.source == "hub":
        return hub(plan.data.dataset, SPLITS, "--set data.source=sample")
    return local(SAMPLE)


def _preview(path: Path) -> str:
    """The first rows, as the recipe shows them."""
    import pandas as pd

    return str(pd.read_json(path, lines=True, nrows=5).head().to_string(max_colwidth=60))
