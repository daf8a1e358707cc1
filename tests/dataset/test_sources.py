"""JSON Lines, parquet and the hub give the rows that `datasets` gives, byte by byte."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, load_dataset

from harness.dataset.prepare import Prepared, prepared
from harness.dataset.rules import Wanted
from harness.dataset.sources import Source, Take, hub, local
from harness.errors import RefusedError, StepError

ROWS = 2_350  # over two batches, and 5 % of it is 117.5


def row(number: int) -> dict[str, Any]:
    """Text with what JSON can be written in two ways: slashes, quotes, other letters."""
    said = f'{number}: "été" / \u2028 \U0001f600\n'
    messages = [{"content": said, "role": "user"}, {"content": "a\\b", "role": "assistant"}]
    return {"prompt": said, "prompt_id": f"{number:064x}", "messages": messages}


@pytest.fixture
def rows() -> Dataset:
    """The data set in memory."""
    return Dataset.from_list([row(number) for number in range(ROWS)])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets` keeps nothing between tests."""
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def written(rows: Dataset) -> bytes:
    """What to_json writes."""
    buffer = io.BytesIO()
    rows.to_json(buffer)
    return buffer.getvalue()


def made(source: Source, folder: Path, take: Take | None = None, **wanted: Any) -> Prepared:
    """The split, prepared."""
    return prepared(source, folder, Wanted(**wanted), take or Take())


def test_parquet_becomes_what_to_json_writes(rows: Dataset, tmp_path: Path) -> None:
    """From one file, and from the shards of the hub's layout, in their order."""
    rows.to_parquet(tmp_path / "one.parquet")
    (tmp_path / "data").mkdir()
    for at in range(3):
        name = f"train_sft-0000{at}-of-00003-abc.parquet"
        rows.shard(3, at, contiguous=True).to_parquet(tmp_path / "data" / name)

    sources = {source.split: source for source in local(tmp_path)}

    assert sorted(sources) == ["one", "train_sft"]
    for source in sources.values():
        assert made(source, tmp_path / "out").path.read_bytes() == written(rows)


def test_the_hub_becomes_what_to_json_writes(rows: Dataset, tmp_path: Path, cache: None) -> None:
    """Whole, and the first percent as the recipe slices them."""
    (tmp_path / "chats").mkdir()
    rows.to_parquet(tmp_path / "chats" / "train_sft.parquet")
    card = "---\nconfigs:\n- config_name: default\n  data_files:\n"
    card += "  - split: train_sft\n    path: train_sft.parquet\n---\n"
    (tmp_path / "chats" / "README.md").write_text(card)
    source = hub(str(tmp_path / "chats"), ["train_sft"], "wait")[0]

    whole = made(source, tmp_path / "whole")
    part = made(source, tmp_path / "part", Take(percent=5))
    few = made(source, tmp_path / "few", Take(rows=11))

    recipe = load_dataset(str(tmp_path / "chats"), split="train_sft[0%:5%]")
    assert whole.path.read_bytes() == written(rows)
    assert part.path.read_bytes() == written(recipe)
    assert part.rows == 118  # 117.5, halves to even
    assert few.rows == 11


@pytest.mark.parametrize("take", [Take(percent=5), Take(rows=118)])
def test_a_file_is_sliced_as_datasets_slices(rows: Dataset, tmp_path: Path, take: Take) -> None:
    """The first rows, unshuffled, with its rounding, from lines and from parquet."""
    (tmp_path / "lines.jsonl").write_bytes(written(rows))
    rows.to_parquet(tmp_path / "table.parquet")

    for source in local(tmp_path):
        done = made(source, tmp_path / "out", take)
        assert done.path.read_bytes() == written(rows.select(range(118)))


def test_only_what_is_taken_has_to_be_good(rows: Dataset, tmp_path: Path) -> None:
    """A slice ends before the line that would be refused; a sample looks at all rows."""
    (tmp_path / "a.jsonl").write_bytes(written(rows) + b"{}\n")

    assert made(local(tmp_path)[0], tmp_path / "out", Take(rows=ROWS)).rows == ROWS
    with pytest.raises(RefusedError, match=r"a\.jsonl:2351: messages: no-messages"):
        made(local(tmp_path)[0], tmp_path / "out", Take(sample=20))


def test_a_sample_is_seeded_and_in_order(rows: Dataset, tmp_path: Path) -> None:
    """The same seed gives the same file, another one another."""
    (tmp_path / "a.jsonl").write_bytes(written(rows))
    source = local(tmp_path)[0]

    one, two = (made(source, tmp_path / name, Take(sample=50, seed=7)) for name in ("1", "2"))
    other = made(source, tmp_path / "3", Take(sample=50, seed=8))

    lines = one.path.read_text().splitlines()
    ids = [int(json.loads(line)["prompt_id"], 16) for line in lines]
    assert one.sha256 == two.sha256 != other.sha256
    assert ids == sorted(set(ids))
    assert len(ids) == 50


def test_what_is_there_is_not_made_again(rows: Dataset, tmp_path: Path) -> None:
    """A finished split is kept; another source or slice, or a file that is gone, makes it anew."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(written(rows))

    first = made(local(path)[0], tmp_path / "out")
    again = made(local(path)[0], tmp_path / "out")
    sliced = made(local(path)[0], tmp_path / "out", Take(rows=20))
    sliced.path.unlink()
    mended = made(local(path)[0], tmp_path / "out", Take(rows=20))
    path.write_bytes(written(rows.select(range(30))))
    shorter = made(local(path)[0], tmp_path / "out", Take(rows=20))

    assert first.told
    assert again.told is None
    assert again.sha256 == first.sha256
    assert [one.told is None for one in (sliced, mended, shorter)] == [False, False, False]
    assert mended.sha256 == sliced.sha256 == shorter.sha256


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no .jsonl or .parquet"),
        ({"a.jsonl": b"", "data/a.jsonl": b""}, "has a more than once"),
        ({"a.parquet": b"PAR1 not"}, "a.parquet .* is not parquet|a.parquet is not parquet"),
    ],
)
def test_a_source_that_is_none_is_refused(
    tmp_path: Path, files: dict[str, bytes], words: str
) -> None:
    """The folder or file is named, and what to type."""
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    with pytest.raises(RefusedError, match=f"(?s)({words}).*Next: "):
        made(local(tmp_path)[0], tmp_path / "out")


def test_a_hub_that_is_out_of_reach_is_said(tmp_path: Path, cache: None) -> None:
    """The split, the data set, and what to do instead."""
    source = hub(str(tmp_path / "absent"), ["train_sft"], "name a folder")[0]

    with pytest.raises(StepError, match=r"(?s)split train_sft of .*absent.*or name a folder"):
        made(source, tmp_path / "out")


def test_too_small_a_sample_is_no_training_file(rows: Dataset, tmp_path: Path) -> None:
    """Nine rows of two thousand cannot be trained on."""
    (tmp_path / "a.jsonl").write_bytes(written(rows))

    with pytest.raises(RefusedError, match=r"9 rows, seed 42 are 9, and 10 are needed"):
        made(local(tmp_path)[0], tmp_path / "out", Take(sample=9))


def test_names_with_dashes_are_splits_of_their_own(rows: Dataset, tmp_path: Path) -> None:
    """A date is no shard."""
    names = ["chat-2026-01-05", "chat-2026-02-05"]
    for name in names:
        rows.select(range(20)).to_parquet(tmp_path / f"{name}.parquet")

    assert [source.split for source in local(tmp_path)] == names


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (["a-00001-of-00003"], "a-00000-of-00003, a-00002-of-00003"),
        (["a-00000-of-00002-12ab"], "a-00001-of-00002"),
        (["a-00000-of-00002", "a-00001-of-00003"], "a-00001-of-00002"),
    ],
)
def test_a_split_with_a_shard_missing_is_refused(
    tmp_path: Path, there: list[str], words: str
) -> None:
    """Part of the rows is not the split; what is missing is named."""
    for name in there:
        (tmp_path / f"{name}.parquet").write_bytes(b"")

    for path in (tmp_path, tmp_path / f"{there[0]}.parquet"):
        with pytest.raises(RefusedError, match=f"lacks .*{words}.*Next: "):
            local(path)


def test_a_shard_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Two conversions side by side: which is the split cannot be told."""
    for name in ("a-00000-of-00001-12ab", "a-00000-of-00001-34cd"):
        (tmp_path / f"{name}.parquet").write_bytes(b"")

    with pytest.raises(RefusedError, match="has a more than once"):
        local(tmp_path)
