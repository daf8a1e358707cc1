"""4. Data: four splits as JSON Lines, with the columns of ultrachat_200k."""

from __future__ import annotations

import json

from harness.recipe.data import COLUMNS, READ, SPLITS, Splits
from harness.run import Run


def test_all_four_splits_are_there(run: Run, splits: Splits) -> None:
    """Each split has rows, in data of one's own all that are read; the job needs ten at least."""
    assert set(SPLITS if run.plan.data.source in ("sample", "hub") else READ) <= set(splits.rows)
    assert splits.rows["train_sft"] >= 10


def test_rows_are_conversations(run: Run, splits: Splits) -> None:
    """The first row of each split is a prompt, its id, and messages that start with the user's.

    In data of one's own it has messages.
    """
    for split in splits.rows:
        with splits.path(split).open(encoding="utf-8") as lines:
            row = json.loads(next(lines))
        assert row["messages"]
        if run.plan.data.source not in ("sample", "hub"):
            continue
        assert set(COLUMNS) <= set(row)
        assert row["messages"][0] == {"role": "user", "content": row["prompt"]}
