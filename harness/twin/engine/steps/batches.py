"""Token rows on disk to padded batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from harness.twin.engine.steps.conversation import IGNORED

Item = dict[str, list[int]]


def load(path: Path) -> list[Item]:
    """The rows preprocess wrote: input_ids and labels, of equal length."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Padded:
    """Pads a batch on the right, to its longest row or to `width` tokens when that is set."""

    def __init__(self, pad: int, width: int | None = None) -> None:
        self._pad = pad
        self._width = width

    def __call__(self, rows: list[Item]) -> dict[str, Any]:
        """Tensors of shape (rows, width): input_ids, attention_mask, labels."""
        width = self._width or max(len(row["input_ids"]) for row in rows)
        return {
            "input_ids": torch.tensor(
                [_filled(row["input_ids"], width, self._pad) for row in rows]
            ),
            "attention_mask": torch.tensor(
                [_filled([1] * len(row["input_ids"]), width, 0) for row in rows]
            ),
            "labels": torch.tensor([_filled(row["labels"], width, IGNORED) for row in rows]),
        }


def _filled(values: list[int], width: int, filler: int) -> list[int]:
    return values + [filler] * (width - len(values))
