"""Writes the four splits of the sample: `python -m data.ultrachat_sample.generate [--out DIR]`.

The schema is that of HuggingFaceH4/ultrachat_200k: `prompt` (the first user content), `prompt_id`
(64 hexadecimal digits) and `messages` (content, role). Pure standard library and seeded: the same
bytes on every run.
"""

# Repeatable draws are the point of a seeded generator; it talks to who runs it.
from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from data.ultrachat_sample.chats import draw_turns, is_held_out, polite_answer, prompt_id

SEED = 20240423
ROWS = {"train_sft": 600, "test_sft": 120, "train_gen": 300, "test_gen": 160}
HERE = Path(__file__).parent


def main() -> None:
    """Write the splits and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the four .jsonl files")
    for path in write_splits(parser.parse_args().out):
        print(f"{path}: {path.stat().st_size:,} bytes")


def write_splits(out: Path) -> list[Path]:
    """Write every split as JSON Lines under `out` and return the paths."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for split, rows in draw_splits().items():
        path = out / f"{split}.jsonl"
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path.write_bytes(text.encode())
        paths.append(path)
    return paths


def draw_splits() -> dict[str, list[dict[str, Any]]]:
    """All rows, split by split; no prompt occurs twice, in whichever split."""
    rng = Random(SEED)
    seen: set[str] = set()
    return {split: _rows(rng, split, count, seen) for split, count in ROWS.items()}


def _rows(rng: Random, split: str, count: int, seen: set[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for messages in _chats(rng, held_out=split.startswith("test_"), seen=seen):
        # Generation splits stop before the last answer in two rows of three: whoever scores must
        # choose the rows in which it is the assistant's turn.
        if split.endswith("_gen") and len(rows) % 3 != 2:
            messages.pop()
        prompt = messages[0]["content"]
        rows.append({"prompt": prompt, "prompt_id": prompt_id(prompt), "messages": messages})
        if len(rows) == count:
            break
    return rows


def _chats(rng: Random, held_out: bool, seen: set[str]) -> Iterator[list[dict[str, str]]]:
    while True:
        turns = draw_turns(rng)
        prompt = turns[0].asked
        if prompt in seen or is_held_out(prompt) != held_out:
            continue
        seen.add(prompt)
        yield [
            message
            for turn in turns
            for message in (
                {"content": turn.asked, "role": "user"},
                {"content": polite_answer(rng, turn), "role": "assistant"},
            )
        ]


if __name__ == "__main__":
    main()
