"""One engine validates one file in a process of its own and writes what it counted, as JSON.

    python -m benchmarks.validating.engines ENGINE FILE OUT

All do the same: read, look at fields, types, roles that take turns, empty content and rows that
stand twice (by their id or by what is said), draw 1 % of the rows with a seed, write them as JSON
Lines to OUT. All have one thread.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

SEED, SHARE = 42, 0.01
WHITE = "e' \\n\\t\\r'"  # in SQL
ROW_BYTES = 6000  # about; how many rows 1 % are has to be known before they are counted


def main() -> None:
    """Run one engine; told are rows, bad rows and the peak of memory in MB."""
    engine, path, out, report = sys.argv[1], *map(Path, sys.argv[2:5])
    rows, bad = ENGINES[engine](path, out)
    report.write_text(json.dumps({"rows": rows, "bad": bad, "rss": _peak()}), encoding="utf-8")


def _peak() -> float:
    """The most memory this process has had, in MB; not what it had before exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _wanted(path: Path) -> int:
    return max(10, round(path.stat().st_size * SHARE / ROW_BYTES))


def ours(path: Path, out: Path) -> tuple[int, int]:
    """harness.dataset, with every rule, not just those that all have in common."""
    from harness.dataset.judge import Judge
    from harness.dataset.keep import kept
    from harness.dataset.lines import lines, opened
    from harness.dataset.reservoir import sampled
    from harness.dataset.rules import Wanted

    wanted = Wanted(columns=("prompt", "prompt_id", "messages"))
    judge = Judge(path.name, wanted)
    with opened(path, lambda _: None) as stream, kept(out) as file:
        rows = judge.kept(lines(stream, wanted.longest_line))
        for line in sampled(rows, _wanted(path), SEED):
            file.write(line)
    told = judge.told()
    bad = sum(told.refused.values())
    return told.rows + bad, bad


def plain(path: Path, out: Path) -> tuple[int, int]:
    """The standard library's json, line by line."""
    rows = bad = 0
    kept: list[bytes] = []
    draw, new = random.Random(SEED), _New()
    with path.open("rb") as file:
        for line in file:
            rows += 1
            row = json.loads(line.decode())
            good = _good(row) and new(row["prompt_id"], row["messages"])
            bad += not good
            if good and draw.random() < SHARE:
                kept.append(line)
    out.write_bytes(b"".join(kept))
    return rows, bad


def _good(row: dict[str, Any]) -> bool:
    messages = row["messages"]
    return (
        isinstance(row["prompt"], str)
        and isinstance(row["prompt_id"], str)
        and len(messages) >= 2
        and all(
            message["role"] == ("assistant" if turn % 2 else "user")
            and isinstance(message["content"], str)
            and bool(message["content"].strip())
            for turn, message in enumerate(messages)
        )
    )


def pandas(path: Path, out: Path) -> tuple[int, int]:
    """read_json as the recipe's preview reads it."""
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    good = frame["messages"].map(_turns_are_good) & frame["prompt"].notna()
    good &= ~frame["prompt_id"].duplicated() & ~frame["messages"].map(_said).duplicated()
    kept = frame[good].sample(n=min(_wanted(path), int(good.sum())), random_state=SEED)
    kept.to_json(out, orient="records", lines=True)
    return len(frame), int((~good).sum())


def pandas_chunks(path: Path, out: Path) -> tuple[int, int]:
    """read_json, 2,000 rows at a time."""
    import pandas as pd

    rows = bad = 0
    new = _New()
    with pd.read_json(path, lines=True, chunksize=2000) as reader, out.open("w") as file:
        for frame in reader:
            good = frame["messages"].map(_turns_are_good) & frame["prompt"].notna()
            good &= pd.Series(map(new, frame["prompt_id"], frame["messages"]), index=frame.index)
            rows, bad = rows + len(frame), bad + int((~good).sum())
            kept = frame[good].sample(frac=SHARE, random_state=SEED)
            kept.to_json(file, orient="records", lines=True)
    return rows, bad


def _turns_are_good(messages: Any) -> bool:
    return len(messages) >= 2 and all(
        message["role"] == ("assistant" if turn % 2 else "user")
        and bool(str(message["content"]).strip())
        for turn, message in enumerate(messages)
    )


def _said(messages: Any) -> int:
    return hash(tuple([message["content"] for message in messages]))


class _New:
    """Whether a row is new: neither its id nor what it says has been there."""

    def __init__(self) -> None:
        self._seen: set[Any] = set()

    def __call__(self, name: str, messages: Any) -> bool:
        marks = (name, _said(messages))
        new = self._seen.isdisjoint(marks)
        self._seen.update(marks)
        return new


def datasets(path: Path, out: Path) -> tuple[int, int]:
    """load_dataset, filter by the thousand (quicker than by row), to_json; nothing cached."""
    import datasets as hf

    hf.disable_progress_bars()
    with tempfile.TemporaryDirectory(dir=out.parent) as cache:
        found = hf.load_dataset("json", data_files=str(path), split="train", cache_dir=cache)
        columns = ["prompt_id", "messages"]
        good = found.filter(
            _are_good, batched=True, input_columns=columns, fn_kwargs={"new": _New()}
        )
        size = min(_wanted(path), len(good))
        which = sorted(random.Random(SEED).sample(range(len(good)), size))
        good.select(which).to_json(out)
        return len(found), len(found) - len(good)


def _are_good(names: list[str], many: list[Any], new: _New) -> list[bool]:
    return [
        _turns_are_good(messages) and new(name, messages)
        for name, messages in zip(names, many, strict=True)
    ]


def polars(path: Path, out: Path) -> tuple[int, int]:
    """scan_ndjson with a schema, streaming."""
    import polars as pl

    message = pl.Struct({"content": pl.String, "role": pl.String})
    schema = {"prompt": pl.String, "prompt_id": pl.String, "messages": pl.List(message)}
    element = pl.element()
    roles = pl.col("messages").list.eval(element.struct.field("role"))
    content = pl.col("messages").list.eval(element.struct.field("content"))
    good = (
        (pl.col("messages").list.len() >= 2)
        & pl.col("prompt").is_not_null()
        & roles.list.gather_every(2).list.eval(element == "user").list.all()
        & roles.list.gather_every(2, 1).list.eval(element == "assistant").list.all()
        & content.list.eval(element.str.strip_chars().str.len_bytes() > 0).list.all()
        & (content.list.eval(element.null_count()).list.sum() == 0)
        & pl.col("prompt_id").is_first_distinct()
        & pl.col("messages").hash().is_first_distinct()
    )
    frame = pl.scan_ndjson(path, schema=schema).with_columns(good=good).collect(engine="streaming")
    kept = frame.filter(pl.col("good")).drop("good")
    kept.sample(min(_wanted(path), len(kept)), seed=SEED).write_ndjson(out)
    return len(frame), len(frame) - len(kept)


def duckdb(path: Path, out: Path) -> tuple[int, int]:
    """read_json with a schema, then SQL."""
    import duckdb as db

    connection = db.connect(config={"threads": 1})
    connection.execute(f"SELECT setseed({SEED / 100})")
    connection.execute(  # one scan; only what is drawn is kept
        f"""CREATE TEMP TABLE told AS SELECT good, hash(prompt_id) AS name, hash(messages) AS said,
        CASE WHEN good AND random() < {SHARE}
        THEN struct_pack(prompt, prompt_id, messages) END AS drawn
        FROM (SELECT *, len(messages) >= 2 AND prompt IS NOT NULL AND
        len(list_filter(messages, lambda m, i: m.content IS NULL OR trim(m.content, {WHITE}) = ''
            OR m.role IS DISTINCT FROM (CASE WHEN i % 2 = 1 THEN 'user' ELSE 'assistant' END)
        )) = 0 AS good FROM read_json('{path}', format = 'newline_delimited', columns = {{
            prompt: 'VARCHAR', prompt_id: 'VARCHAR',
            messages: 'STRUCT(content VARCHAR, role VARCHAR)[]'}}))"""
    )
    connection.execute(
        f"""COPY (SELECT unnest(drawn) FROM told WHERE drawn IS NOT NULL)
        TO '{out}' (FORMAT json)"""
    )
    found = connection.execute(
        """SELECT count(*), count(*) FILTER (NOT good OR named > 1 OR heard > 1) FROM (SELECT good,
        row_number() OVER (PARTITION BY name ORDER BY rowid) AS named,
        row_number() OVER (PARTITION BY said ORDER BY rowid) AS heard FROM told)"""
    ).fetchone()
    assert found
    return found[0], found[1]


def pyarrow(path: Path, out: Path) -> tuple[int, int]:
    """pyarrow.json with a schema, block by block, checks with its compute functions."""
    import pyarrow as pa
    from pyarrow import compute as pc
    from pyarrow import json as pj

    message = pa.struct({"content": pa.string(), "role": pa.string()})
    schema = pa.schema(
        {"prompt": pa.string(), "prompt_id": pa.string(), "messages": pa.list_(message)}
    )
    reader = pj.open_json(
        path,
        read_options=pj.ReadOptions(use_threads=False, block_size=1 << 20),
        parse_options=pj.ParseOptions(explicit_schema=schema),
    )
    rows = bad = 0
    draw, seen = random.Random(SEED), set[Any]()
    with out.open("w") as file:
        for batch in reader:
            lists = batch["messages"]
            flat, parent = lists.flatten(), pc.list_parent_indices(lists)
            first = lists.offsets[0].as_py()
            each = pa.array(range(first, first + len(flat)))
            turn = pc.subtract(each, pc.cast(pc.take(lists.offsets, parent), pa.int64()))
            due = pc.if_else(pc.equal(pc.bit_wise_and(turn, 1), 0), "user", "assistant")
            says = pc.greater(pc.utf8_length(pc.utf8_trim_whitespace(flat.field("content"))), 0)
            fine = pc.and_(pc.equal(flat.field("role"), due), says)
            wrong = set(pc.filter(parent, pc.invert(pc.fill_null(fine, False))).to_pylist())
            lengths = pc.fill_null(pc.list_value_length(lists), 0)
            wrong |= {at for at, length in enumerate(lengths.to_pylist()) if length < 2}
            content = flat.field("content")
            sizes = pc.fill_null(pc.binary_length(content), 0)
            ends = [0, *pc.cumulative_sum(sizes).to_pylist()]
            borders = [ends[at - first] for at in lists.offsets.to_pylist()]
            said = memoryview(content.buffers()[2])
            for at, (begin, end) in enumerate(pairwise(borders)):
                marks = (batch["prompt_id"][at].as_py(), hash(bytes(said[begin:end])))
                if not seen.isdisjoint(marks):
                    wrong.add(at)
                seen.update(marks)
            rows, bad = rows + len(batch), bad + len(wrong)
            for at in range(len(batch)):
                if draw.random() < SHARE and at not in wrong:
                    file.write(json.dumps(batch.slice(at, 1).to_pylist()[0]) + "\n")
    return rows, bad


ENGINES: dict[str, Callable[[Path, Path], tuple[int, int]]] = {
    "ours": ours,
    "duckdb": duckdb,
    "json": plain,
    "polars": polars,
    "pyarrow": pyarrow,
    "pandas-chunks": pandas_chunks,
    "datasets": datasets,
    "pandas": pandas,
}
ONE_THREAD = {
    "POLARS_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
    "HF_DATASETS_OFFLINE": "1",
}

if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
