"""The four splits: from the sample, and through `datasets` exactly as the recipe slices them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import RefusedError, StepError
from harness.plan import Data, Plan
from harness.recipe.data import SPLITS, fetch_splits
from harness.recipe.score import pick_prompt

ROWS = 230  # 5 % of it is 11.5 rows, which datasets rounds to 12


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of the hub's layout on disk, with a name for each of the four splits."""
    # read at import, and another test may have imported datasets before
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "chats"
    folder.mkdir()
    files = "".join(f"  - split: {split}\n    path: {split}.jsonl\n" for split in SPLITS)
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n"
    (folder / "README.md").write_text(card)
    for split in SPLITS:
        lines = (json.dumps(row(split, n)) for n in range(ROWS))
        (folder / f"{split}.jsonl").write_text("\n".join(lines))
    return folder


def row(split: str, n: int) -> dict[str, object]:
    """One conversation; its text tells where it comes from."""
    prompt = f"{split} {n}, été"
    messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": "Yes."}]
    return {"prompt": prompt, "prompt_id": f"{n:064x}", "messages": messages}


def hub(dataset: object, percent: int = 5) -> Plan:
    """A plan that takes its data through `datasets`."""
    return Plan(data=Data(source="hub", dataset=str(dataset), percent=percent))


def test_the_first_five_percent_of_each_split(dataset: Path, tmp_path: Path) -> None:
    """The slice is the first rows, unshuffled, with datasets' own rounding."""
    splits = fetch_splits(hub(dataset), tmp_path / "out")

    assert splits.rows == dict.fromkeys(SPLITS, 12)
    rows = [json.loads(line) for line in splits.path("test_gen").read_text().splitlines()]
    assert rows == [row("test_gen", n) for n in range(12)]


def test_the_sample_ships_and_has_the_same_schema(tmp_path: Path) -> None:
    """Without the hub the same four files are written from what is in the project."""
    splits = fetch_splits(Plan(), tmp_path)

    assert all(splits.rows[split] >= 100 for split in SPLITS)
    assert "messages" in splits.preview


def test_an_unknown_data_set_says_how_to_go_on(tmp_path: Path) -> None:
    """The error names split and data set, and the setting that needs no network."""
    with pytest.raises(
        StepError, match=r"(?s)split train_sft of .*absent.*--set data\.source=sample"
    ):
        fetch_splits(hub(tmp_path / "absent"), tmp_path / "out")


def test_a_missing_column_is_refused_before_anything_is_created(
    dataset: Path, tmp_path: Path
) -> None:
    """Rows without messages cannot be used; the split, the rule and how many there are is said."""
    (dataset / "test_gen.jsonl").write_text('{"prompt": "a", "prompt_id": "b"}\n' * ROWS)

    with pytest.raises(RefusedError, match=r"(?s)test_gen\.jsonl: too-few-rows.*no-messages 12"):
        fetch_splits(hub(dataset), tmp_path / "out")


@pytest.mark.parametrize("nothing", [None, []])
def test_a_row_the_component_drops_is_neither_counted_nor_asked(
    dataset: Path, tmp_path: Path, nothing: object
) -> None:
    """It goes to Azure as it came; what is judged and asked is of the rows that are left."""
    asked = [{"role": "user", "content": "Why?"}]
    rows = [row("test_gen", n) for n in range(20)]
    rows[0]["messages"], rows[1]["messages"] = nothing, asked
    (dataset / "test_gen.jsonl").write_text("\n".join(map(json.dumps, rows)))

    made, again = (fetch_splits(hub(dataset, 100), tmp_path / "out") for _ in range(2))

    assert made.rows == again.rows == dict.fromkeys(SPLITS, ROWS) | {"test_gen": 19}
    assert len(made.path("test_gen").read_text().splitlines()) == 20
    assert made.facts["test_gen"].prompts == 1
    assert pick_prompt(made.path("test_gen"), seed=3) == asked
