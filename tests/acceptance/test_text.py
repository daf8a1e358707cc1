"""Answers as figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.ultrachat_sample.chats import POLITE_OPENERS
from harness.acceptance import text

SAMPLE = Path(__file__).parents[2] / "data" / "ultrachat_sample"


@pytest.mark.parametrize(
    ("answer", "wanted", "f1"),
    [
        # the example of Lin, "ROUGE: A Package for Automatic Evaluation of Summaries" (2004)
        ("police kill the gunman", "police killed the gunman", 0.75),
        ("the gunman kill police", "police killed the gunman", 0.5),
        ("the GUNMAN: police killed!", "police killed the gunman", 0.5),
        ("Police KILLED the gunman.", "police killed the gunman", 1.0),
        ("a b", "a b c d", 2 / 3),
        ("", "anything", 0.0),
        ("same words here", "same words here", 1.0),
    ],
)
def test_rouge_l_is_the_published_one(answer: str, wanted: str, f1: float) -> None:
    """Longest common subsequence of lower-case words, as F1."""
    assert text.rouge_l(answer, wanted) == pytest.approx(f1)


def test_style_is_how_the_sample_opens() -> None:
    """The openers are those of the generator, and every held-out answer of the data has one."""
    assert text.POLITE_OPENERS == POLITE_OPENERS
    asked = text.held_out(SAMPLE / "test_sft.jsonl")
    assert len(asked) == text.PROMPTS
    assert all(text.is_polite(wanted) for _, wanted in asked)
    assert not text.is_polite("Oslo.")


def test_the_datas_own_answers_score_full_marks() -> None:
    """Held-out answers against themselves: ROUGE-L 1, all in style; no answers, no figures."""
    said = [(wanted, wanted) for _, wanted in text.held_out(SAMPLE / "test_sft.jsonl", 5)]
    assert text.scored(said) == {"answers": 5, "polite": 5, "rouge_l": 1.0}
    assert text.scored([]) == {}


def test_the_first_question_is_asked_whatever_comes_before(tmp_path: Path) -> None:
    """A system message is not put to the endpoint; rows that the job drops are passed over."""
    system, user, assistant = (
        {"role": role, "content": role} for role in ("system", "user", "assistant")
    )
    rows = [[system, user, assistant], [user], [user, assistant, user], [], None, ""]
    lines = [json.dumps({"messages": row}) for row in rows] + ["null", "", "{}"]
    (tmp_path / "test_sft.jsonl").write_text("\n".join(reversed(lines)))

    assert text.held_out(tmp_path / "test_sft.jsonl") == [("user", "assistant")] * 2
