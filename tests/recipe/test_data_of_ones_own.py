"""A folder that `python -m harness data` wrote is data for a run; anything else is told at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import PlanError, RefusedError
from harness.plan import Data, Plan
from harness.plan_file import read_plan
from harness.recipe.data import READ, SAMPLE, fetch_splits

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "scenarios" / "finetune_chat" / "plan.toml"


def row(number: int, end: str = "assistant") -> str:
    """Messages, and no other column."""
    messages = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": f"{number}?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "Why?"},
    ]
    return json.dumps({"messages": messages[: 4 if end == "user" else 3]}) + "\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where one is: mine/ with the splits that are read, and DATA as the command wrote it."""
    (tmp_path / "mine").mkdir()
    for split in READ:
        end = "user" if split == "test_gen" else "assistant"
        (tmp_path / "mine" / f"{split}.jsonl").write_text("".join(row(n, end) for n in range(20)))
    monkeypatch.chdir(tmp_path)
    assert main(["data", "mine", "--to", "DATA"]) == 0
    return tmp_path


def read(source: str) -> Plan:
    """The plan with that source."""
    return read_plan(PLAN, "twin", [f"data.source={source}"])


def test_what_nobody_reads_may_be_deleted(here: Path) -> None:
    """train_gen was prepared too, and is not there any more."""
    assert main(["data", str(SAMPLE), "--to", "SAME"]) == 0
    (here / "SAME" / "train_gen.jsonl").unlink()

    assert set(fetch_splits(read("SAME"), here / "run").rows) == set(READ)


@pytest.mark.parametrize("source", ["DATA", "./DATA", "{here}/DATA"])
def test_a_prepared_folder_is_the_data_of_a_run(here: Path, source: str) -> None:
    """Unchanged, byte for byte; nobody reads train_gen, and other columns are one's own matter."""
    splits = fetch_splits(read(source.format(here=here)), here / "run")

    assert splits.rows == dict.fromkeys(READ, 20)
    assert splits.facts["test_gen"].prompts == 20
    for split in READ:
        assert splits.path(split).read_bytes() == (here / f"mine/{split}.jsonl").read_bytes()


def lacks_a_split(here: Path) -> None:
    """Two of three were prepared."""
    (here / "mine" / "test_gen.jsonl").unlink()
    main(["data", "mine", "--to", "OTHER"])


def was_changed(here: Path) -> None:
    """By hand."""
    with (here / "DATA" / "test_sft.jsonl").open("a") as file:
        file.write(row(99))


def lost_a_file(here: Path) -> None:
    """It is only in data.json."""
    (here / "DATA" / "test_sft.jsonl").unlink()


def has_rows_that_fail(here: Path) -> None:
    """Whoever prepared it wanted them."""
    bad = '{"messages":[{"role":"user"},{"role":"assistant","content":"Yes."}]}\n'
    (here / "mine" / "train_sft.jsonl").write_text("".join(map(row, range(20))) + bad)
    assert main(["data", "mine", "--to", "DATA", "--allow", "missing-field"]) == 0


def has_too_few(here: Path) -> None:
    """Of eleven rows the component takes nine."""
    (here / "mine" / "train_sft.jsonl").write_text("".join(map(row, range(11))))
    assert main(["data", "mine", "--to", "DATA"]) == 0


def asks_nothing(here: Path) -> None:
    """All of its chats end with an answer."""
    (here / "mine" / "test_gen.jsonl").write_text("".join(map(row, range(11))))
    assert main(["data", "mine", "--to", "DATA"]) == 0


def another_record(here: Path) -> None:
    """Of another program."""
    (here / "DATA" / "data.json").write_text("[]")


def as_it_was(here: Path) -> None:
    """DATA is in order."""


@pytest.mark.parametrize(
    ("arrange", "source", "words"),
    [
        (as_it_was, "smaple", "no such folder here (did you mean sample?)"),
        (as_it_was, "", "must be sample, hub or a folder that `python -m harness data SOURCE"),
        (as_it_was, "mine", "there is no data.json in it"),
        (as_it_was, "mine/train_sft.jsonl", "there is no data.json in it"),
        (lacks_a_split, "OTHER", "data.json there does not name test_gen.jsonl"),
        (was_changed, "DATA", "test_sft.jsonl there is not the file of which data.json"),
        (lost_a_file, "DATA", "test_sft.jsonl there is not the file of which data.json"),
        (has_rows_that_fail, "DATA", "train_sft.jsonl was written with --allow missing-field"),
        (has_too_few, "DATA", "train_sft.jsonl has 11 rows, of which 9 are left"),
        (asks_nothing, "DATA", "there is nothing to ask"),
        (another_record, "DATA", "is none that this command wrote"),
    ],
)
def test_what_is_no_data_ends_in_the_plan(
    here: Path, arrange: Callable[[Path], None], source: str, words: str
) -> None:
    """Before anything is created, with what it lacks."""
    arrange(here)

    with pytest.raises(PlanError) as raised:
        read(source)

    assert words in str(raised.value)
    assert "data.source = " in str(raised.value)


def test_what_changed_since_the_plan_was_read_is_refused(here: Path) -> None:
    """Step 4 looks again."""
    plan = read("DATA")
    was_changed(here)

    with pytest.raises(RefusedError, match=r"test_sft\.jsonl .*Next: python -m harness data"):
        fetch_splits(plan, here / "run")


def test_a_longer_line_that_was_asked_for_stays(here: Path) -> None:
    """The limits of the preparation hold for the run."""
    long = json.loads(row(1))
    long["messages"][2]["content"] = "y" * 1_200_000
    with (here / "mine" / "train_sft.jsonl").open("a") as file:
        file.write(json.dumps(long) + "\n")
    limits = ["--longest-line", "2000000", "--longest-turn", "2000000"]
    assert main(["data", "mine", "--to", "DATA", *limits]) == 0

    assert fetch_splits(read("DATA"), here / "run").rows["train_sft"] == 21


def test_the_sample_prepared_is_the_sample(here: Path) -> None:
    """The same four files as without a folder."""
    assert main(["data", str(SAMPLE), "--to", "SAME"]) == 0

    ours, theirs = (
        fetch_splits(Plan(data=Data(source=source)), here / f"of {source}")
        for source in ("SAME", "sample")
    )

    assert ours.sha256 == theirs.sha256
    assert ours.rows == theirs.rows
