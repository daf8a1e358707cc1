"""What is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.plan import Plan, Scoring
from harness.recipe.score import Caller, payload, pick_prompt

USER = {"role": "user", "content": "Hello?"}
ASSISTANT = {"role": "assistant", "content": "Hello."}


def split(folder: Path, *rows: list[dict[str, str]]) -> Path:
    """A split of these rows."""
    file = folder / "test_gen.jsonl"
    file.write_text("\n".join(json.dumps({"messages": row}) for row in rows), encoding="utf-8")
    return file


def test_only_rows_that_end_with_the_user_are_asked(tmp_path: Path) -> None:
    """The no-code MLflow image refuses any other last role."""
    file = split(tmp_path, [USER, ASSISTANT], [USER, ASSISTANT, USER], [USER, ASSISTANT])

    assert pick_prompt(file, seed=3) == [USER, ASSISTANT, USER]


@pytest.mark.parametrize(
    "row", ["null", "{}", *(f'{{"messages": {m}}}' for m in ("null", '""', "[]"))]
)
def test_a_row_without_messages_is_not_asked(tmp_path: Path, row: str) -> None:
    """Step 4 lets it pass, for the component drops it."""
    file = split(tmp_path, [USER])
    file.write_text(f"{row}\n\n{file.read_text()}")

    assert pick_prompt(file, seed=3) == [USER]


def test_the_draw_is_seeded(tmp_path: Path) -> None:
    """The recipe draws without a seed; two runs of ours ask the same."""
    rows = [[{"role": "user", "content": str(n)}] for n in range(50)]
    file = split(tmp_path, *rows)

    drawn = {json.dumps(pick_prompt(file, seed)) for seed in range(20)}

    assert pick_prompt(file, seed=7) == pick_prompt(file, seed=7)
    assert len(drawn) > 5


def test_payload_is_the_recipes() -> None:
    """Nested messages, four parameters, an empty params."""
    body = payload([USER], Plan(scoring=Scoring(max_new_tokens=200)))

    assert body["input_data"]["input_string"] == [[USER]]
    assert body["input_data"]["parameters"] == {
        "temperature": 0.6,
        "top_p": 0.9,
        "do_sample": True,
        "max_new_tokens": 200,
    }
    assert body["params"] == {}


def test_a_caller_never_shows_its_key() -> None:
    """A failing test prints its arguments; the key must not be among them."""
    shown = repr(Caller("https://e/score", {"Authorization": "Bearer sesame"}, b"{}"))

    assert "sesame" not in shown
