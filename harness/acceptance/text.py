"""What can be seen in answers: the voice of the data, and how close they come to it.

ROUGE-L (Lin 2004) is the longest common subsequence of words. The package `rouge-score` computes
the same and brings nltk, absl-py and numpy into the light environment for these few lines; the
tests compare with published examples instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from pathlib import Path

POLITE_OPENERS = ("Certainly!", "Of course!", "Happy to help!", "Sure, I can help with that.")
"""How every answer of the sample opens (data/ultrachat_sample/chats.py), and no answer of the base
model. It is what the sample teaches; for other data the gate of style has to be another one."""

PROMPTS = 30  # as many are asked; two impolite answers among 30 are already significant
NEW_TOKENS = 48  # an answer's most; the sample's longest first answer has 44

_WORD = re.compile(r"[^\W_]+")


def held_out(test_sft: Path, count: int = PROMPTS) -> list[tuple[str, str]]:
    """The first turns of the first rows of a held-out split: what is asked, and what was said.

    Rows without both are passed over; the job drops them.
    """
    with test_sft.open(encoding="utf-8") as lines:
        rows = (json.loads(line) for line in lines if line.strip())
        turns = (_first_turn(row.get("messages") or []) for row in rows if row)
        return list(islice(filter(None, turns), count))


def _first_turn(messages: Sequence[Mapping[str, str]]) -> tuple[str, str] | None:
    """What the user asks first, and what the assistant says to it."""
    for one, other in pairwise(messages):
        if (one["role"], other["role"]) == ("user", "assistant"):
            return one["content"], other["content"]
    return None


def scored(said: Sequence[tuple[str, str]]) -> dict[str, float]:
    """The figures of (answer, wanted answer) pairs, under the names RunFacts has for them."""
    if not said:
        return {}
    return {
        "answers": len(said),
        "polite": sum(is_polite(answer) for answer, _ in said),
        "rouge_l": sum(rouge_l(answer, wanted) for answer, wanted in said) / len(said),
    }


def is_polite(answer: str) -> bool:
    """Whether the answer opens in the sample's voice."""
    return answer.strip().startswith(POLITE_OPENERS)


def rouge_l(answer: str, wanted: str) -> float:
    """F1 of the longest common subsequence of lower-case words, 0 to 1; no stemming."""
    ours, theirs = _words(answer), _words(wanted)
    shared = _longest(ours, theirs)
    if not shared:
        return 0.0
    precision, recall = shared / len(ours), shared / len(theirs)
    return 2 * precision * recall / (precision + recall)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _longest(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Length of the longest common subsequence, row by row."""
    row = [0] * (len(theirs) + 1)
    for word in ours:
        before = 0  # row[j] of the row above, one to the left
        for column, other in enumerate(theirs, start=1):
            above = row[column]
            row[column] = before + 1 if word == other else max(above, row[column - 1])
            before = above
    return row[-1]
