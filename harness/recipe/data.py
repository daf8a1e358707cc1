"""Step 4: the four splits as JSON Lines."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RefusedError, StepError

if TYPE_CHECKING:
    from harness.plan import Plan

SPLITS = ("train_sft", "test_sft", "train_gen", "test_gen")
COLUMNS = ("prompt", "prompt_id", "messages")
SAMPLE = Path(__file__).resolve().parents[2] / "data" / "ultrachat_sample"


@dataclass(frozen=True)
class Splits:
    """Paths of the splits, their row counts, and a preview of the training split."""

    folder: Path
    rows: dict[str, int]
    preview: str

    def path(self, split: str) -> Path:
        """The JSON Lines file of a split."""
        return self.folder / f"{split}.jsonl"


def fetch_splits(plan: Plan, folder: Path) -> Splits:
    """The splits of the plan's data set under `folder`, checked for the columns the job needs.

    Raises StepError when the download fails, RefusedError when a split lacks a column or rows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if plan.data.source == "hub":
        _download(plan.data.dataset, plan.data.percent, folder)
    else:
        _copy_sample(folder)
    rows = {split: _checked_rows(folder / f"{split}.jsonl") for split in SPLITS}
    return Splits(folder=folder, rows=rows, preview=_preview(folder / "train_sft.jsonl"))


def _download(dataset: str, percent: int, folder: Path) -> None:
    """The first percent of each split, as the recipe's download-dataset.py takes it."""
    from datasets import load_dataset

    for split in SPLITS:
        target = folder / f"{split}.jsonl"
        try:
            load_dataset(dataset, split=f"{split}[0%:{percent}%]").to_json(target)
        except Exception as error:  # datasets raises whatever its storage layer raises
            raise StepError(
                f"split {split} of {dataset} cannot be downloaded ({type(error).__name__}): "
                f"{error}\nNext: check the network (the twin has none), or --set data.source=sample"
            ) from error


def _copy_sample(folder: Path) -> None:
    """The sample that ships with the project: same schema, our own text."""
    for split in SPLITS:
        shutil.copyfile(SAMPLE / f"{split}.jsonl", folder / f"{split}.jsonl")


def _checked_rows(path: Path) -> int:
    """The number of rows; every split must have the columns of the recipe's data set."""
    import pandas as pd

    try:
        rows = pd.read_json(path, lines=True, nrows=1000)
    except ValueError as error:
        raise RefusedError(
            f"{path.name} is not JSON Lines: {error}. Next: delete {path.parent} and run again"
        ) from error
    missing = [name for name in COLUMNS if name not in rows or rows[name].isna().all()]
    if missing or rows.empty:
        raise RefusedError(
            f"{path.name} has no {', '.join(missing) or 'rows'}; the job needs the columns "
            f"{', '.join(COLUMNS)}. Next: check data.dataset in plan.toml"
        )
    with path.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def _preview(path: Path) -> str:
    """The first rows, as the recipe shows them."""
    import pandas as pd

    return str(pd.read_json(path, lines=True, nrows=5).head().to_string(max_colwidth=60))
