"""The chat sample is what its generator writes, and keeps the schema's promises."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data" / "ultrachat_sample"
ROWS = {"train_sft": 600, "test_sft": 120, "train_gen": 300, "test_gen": 160}


@pytest.fixture(scope="module")
def splits() -> dict[str, list[dict[str, Any]]]:
    """Every committed row, parsed."""
    return {split: _rows(SAMPLE / f"{split}.jsonl") for split in ROWS}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_the_generator_writes_the_committed_bytes(tmp_path: Path, hash_seed: str) -> None:
    """A fresh process regenerates all four files byte for byte, whatever its hash seed."""
    subprocess.run(
        [sys.executable, "-m", "data.ultrachat_sample.generate", "--out", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
    )

    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in SAMPLE.glob("*.jsonl")}
    assert written == committed


def test_split_sizes(splits: dict[str, list[dict[str, Any]]]) -> None:
    """The splits have their promised rows, and all four together stay below 600 kB."""
    assert {split: len(rows) for split, rows in splits.items()} == ROWS
    assert sum((SAMPLE / f"{split}.jsonl").stat().st_size for split in ROWS) < 600_000


@pytest.mark.parametrize("split", ROWS)
def test_every_row_has_the_schema(splits: dict[str, list[dict[str, Any]]], split: str) -> None:
    """Columns, types and order are ultrachat_200k's; the id is the prompt's SHA-256."""
    for row in splits[split]:
        assert list(row) == ["prompt", "prompt_id", "messages"]
        assert row["prompt"] == row["messages"][0]["content"]
        assert row["prompt_id"] == hashlib.sha256(row["prompt"].encode()).hexdigest()
        assert all(list(message) == ["content", "role"] for message in row["messages"])
        assert all(message["content"].strip() for message in row["messages"])


@pytest.mark.parametrize("split", ROWS)
def test_roles_alternate_from_the_user(splits: dict[str, list[dict[str, Any]]], split: str) -> None:
    """User and assistant take turns, the user first, for at most three turns."""
    for row in splits[split]:
        roles = [message["role"] for message in row["messages"]]
        assert roles == (["user", "assistant"] * 3)[: len(roles)]


@pytest.mark.parametrize("split", ["train_sft", "test_sft"])
def test_fine_tuning_chats_end_with_the_assistant(
    splits: dict[str, list[dict[str, Any]]], split: str
) -> None:
    """Every supervised chat has an answer to learn from at its end."""
    assert {row["messages"][-1]["role"] for row in splits[split]} == {"assistant"}


@pytest.mark.parametrize("split", ["train_gen", "test_gen"])
def test_two_in_three_generation_chats_end_with_the_user(
    splits: dict[str, list[dict[str, Any]]], split: str
) -> None:
    """Whoever scores has rows to choose and rows to refuse."""
    ends = [row["messages"][-1]["role"] for row in splits[split]]
    assert ends.count("user") / len(ends) == pytest.approx(2 / 3, abs=0.01)


def test_no_prompt_occurs_twice(splits: dict[str, list[dict[str, Any]]]) -> None:
    """Prompts are unique over all splits, so train and test are disjoint."""
    ids = [row["prompt_id"] for rows in splits.values() for row in rows]
    assert len(set(ids)) == len(ids)


def test_letters_beyond_ascii_occur(splits: dict[str, list[dict[str, Any]]]) -> None:
    """Encoding mistakes would show: names and dishes carry accents, in prompts and answers."""
    text = json.dumps(splits, ensure_ascii=False)
    assert [word for word in ("Bogotá", "José", "Zoë", "crème") if word not in text] == []
