"""4. Data: four splits as JSON Lines, with the columns of ultrachat_200k."""

from __future__ import annotations

import json

from harness.recipe.data import COLUMNS, SPLITS, Splits


def test_all_four_splits_are_there(splits: Splits) -> None:
    """Each split has rows; the job needs at least ten to train on."""
    assert set(splits.rows) == set(SPLITS)
    assert splits.rows["train_sft"] >= 10


def test_rows_are_conversations(splits: Splits) -> None:
    """The first row of each split is a prompt, its id, and messages that start with the user's."""
    for split in SPLITS:
        with splits.path(split).open(encoding="utf-8") as lines:
            row = json.loads(next(lines))
        assert set(COLUMNS) <= set(row)
        assert row["messages"][0] == {"role": "user", "content": row["prompt"]}
