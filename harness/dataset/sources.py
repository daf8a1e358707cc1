"""Where rows come from: JSON Lines or parquet on this machine, or the hub through `datasets`.

Parquet and the hub are written as lines by `datasets` itself, so that a file is, byte for byte,
what the recipe's download-dataset.py writes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.dataset.lines import first, lines, opened, rows_in
from harness.dataset.look import files_in, no_file, typed
from harness.dataset.reservoir import share
from harness.errors import RefusedError, StepError

if TYPE_CHECKING:
    from datasets import Dataset

ULTRACHAT = "HuggingFaceH4/ultrachat_200k"
# rows of each split, from its dataset card
ROWS = {"train_sft": 207_865, "test_sft": 23_110, "train_gen": 256_032, "test_gen": 28_304}
BATCH = 1000  # rows; what to_json takes at a time

_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})(-.+)?")  # the hub's; a date is none
_PACKED = {
    ".gz": "gunzip -k",
    ".bz2": "bunzip2 -k",
    ".xz": "unxz -k",
    ".zst": "unzstd",
    ".zip": "unzip",
    ".tgz": "tar xf",
    ".tar": "tar xf",
}

Say = Callable[[int], object]


@dataclass(frozen=True)
class Take:
    """Which rows: all, the first `percent` or `rows`, or `sample` drawn with `seed`."""

    percent: int = 0
    rows: int = 0
    sample: int = 0
    seed: int = 42

    def __str__(self) -> str:
        if self.percent:
            return f"the first {self.percent} %"
        if self.rows:
            return f"the first {self.rows:,} rows"
        return f"{self.sample:,} rows, seed {self.seed}" if self.sample else "all rows"

    def first_of(self, counted: Callable[[], int]) -> int | None:
        """How many of the first rows, None for all; `counted` says how many there are."""
        return share(counted(), self.percent) if self.percent else self.rows or None


@dataclass(frozen=True)
class Source:
    """One split: `name` for messages, `size` in bytes for progress (0: unknown)."""

    split: str
    name: str
    size: int
    identity: Mapping[str, Any]  # the same again means the same rows
    lines: Callable[[Take, int, Say], Iterator[bytes]]  # take, longest line, say
    paths: tuple[Path, ...] = ()  # what is read on this machine


def local(path: Path) -> list[Source]:
    """The splits of a folder, or a file as one.

    `NAME.jsonl` and `NAME.parquet`, there or under data/, are a split each, and
    `NAME-00000-of-00003-….parquet` its shards.
    Raises RefusedError when there is nothing of the kind, or a split is not whole.
    """
    with _readable(path):
        folder = _entered(path)
    files = sorted([*files_in(path), *files_in(path / "data")]) if folder else [path]
    found = [_json_lines(file) for file in files if file.suffix == ".jsonl"]
    found += _tables(file for file in files if file.suffix == ".parquet")
    names = [source.split for source in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RefusedError(
            f"{path} has {', '.join(twice)} more than once. "
            f"Next: ls {typed(path)}, then name one file or folder"
        )
    if not found:
        raise RefusedError(_no_rows(path, files) if folder else _no_name(path))
    order = list(ROWS)
    return sorted(
        found, key=lambda one: (order.index(one.split) if one.split in ROWS else 4, one.split)
    )


def _entered(path: Path) -> bool:
    """Whether it is a folder. Raises RefusedError for what is neither a folder nor a file."""
    if kind := no_file(path):
        raise RefusedError(
            f"{path} is {kind}, and rows are looked at more than once. Next: write them to a file "
            f"first: cat {typed(path)} > chats.jsonl"
        )
    return path.is_dir()


def _no_rows(folder: Path, files: Sequence[Path]) -> str:
    names = [file.name for file in files]
    has = f" among {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}" if names else ""
    packed = next((file for file in files if file.suffix in _PACKED), None)
    hint = f"unpack them: {_unpacked(packed)}" if packed else "then name one file or folder"
    return f"{folder} has no .jsonl or .parquet{has}. Next: ls {typed(folder)}, {hint}"


def _no_name(file: Path) -> str:
    """A file whose name says neither; what is in it is not guessed."""
    if file.suffix in _PACKED:
        return f"{file} is packed. Next: unpack it: {_unpacked(file)}"
    named = typed(file.with_suffix(".jsonl"))
    return (
        f"{file} is named neither .jsonl nor .parquet. Next: if it has a row of JSON in each line, "
        f"rename it: mv -n {typed(file)} {named}"
    )


def _unpacked(file: Path) -> str:
    return f"{_PACKED[file.suffix]} {typed(file)}"


def _tables(files: Iterable[Path]) -> Iterator[Source]:
    """Parquet files, the shards of a split as one; a shard there twice makes the split twice."""
    splits: dict[tuple[str, int], dict[int, list[Path]]] = {}
    for file in files:
        shard = _SHARD.fullmatch(file.stem)
        split, number, count = shard.group(1, 2, 3) if shard else (file.stem, 0, 1)
        splits.setdefault((split, int(count)), {}).setdefault(int(number), []).append(file)
    for (split, count), shards in splits.items():
        lacks = [f"{split}-{n:05}-of-{count:05}" for n in range(count) if n not in shards]
        if lacks:
            there = next(iter(shards.values()))[0].parent
            raise RefusedError(
                f"{split} in {there} lacks {', '.join(lacks)} (.parquet). Next: fetch them again"
            )
        for parts in zip_longest(*(shards[number] for number in sorted(shards))):
            yield _parquet(split, tuple(filter(None, parts)))


def hub(dataset: str, splits: Iterable[str], otherwise: str) -> list[Source]:
    """The splits of a data set of the hub; nothing is fetched yet.

    `otherwise`: what to do instead, for the message when it cannot be reached.
    """
    return [_remote(dataset, split, otherwise) for split in splits]


def _json_lines(path: Path) -> Source:
    def read(take: Take, longest: int, say: Say) -> Iterator[bytes]:
        with _readable(path), opened(path, say) as stream:
            count = take.first_of(lambda: rows_in(path, lambda _: None))
            found = lines(stream, longest)
            yield from found if count is None else first(found, count)

    with _readable(path):
        _entered(path)
        return Source(path.stem, str(path), path.stat().st_size, _identity((path,)), read, (path,))


def _parquet(split: str, paths: tuple[Path, ...]) -> Source:
    def read(take: Take, longest: int, say: Say) -> Iterator[bytes]:
        from datasets import Dataset
        from pyarrow import ArrowException, Table, parquet  # type: ignore[import-untyped]  # it ships no types

        try:
            files = [parquet.ParquetFile(path) for path in paths]
            count = take.first_of(lambda: sum(file.metadata.num_rows for file in files))
            tables = (
                Dataset(Table.from_batches([batch]))
                for file in files
                for batch in file.iter_batches(BATCH)
            )
            rows = _as_json(tables, say)
            yield from rows if count is None else first(rows, count)
        except (ArrowException, OSError) as error:
            names = ", ".join(path.name for path in paths)
            raise RefusedError(f"{names} is not parquet: {error}. Next: fetch it again") from error

    name = f"{split} (row for line)" if len(paths) > 1 else f"{paths[0].name} (row for line)"
    with _readable(paths[0]):
        for path in paths:
            _entered(path)
        return Source(split, name, 0, _identity(paths), read, paths)


def _remote(dataset: str, split: str, otherwise: str) -> Source:
    def read(take: Take, longest: int, say: Say) -> Iterator[bytes]:
        part = f"[:{take.rows}]" if take.rows else f"[0%:{take.percent}%]" if take.percent else ""
        from datasets import load_dataset

        try:
            found = load_dataset(dataset, split=split + part)
        except Exception as error:  # datasets raises whatever its storage layer raises
            raise StepError(
                f"split {split} of {dataset} cannot be downloaded ({type(error).__name__}): "
                f"{error}\nNext: check the network, then run it again (files that have come whole "
                f"are kept), or {otherwise}"
            ) from error
        starts = range(0, len(found), BATCH)
        parts = (found.select(range(at, min(at + BATCH, len(found)))) for at in starts)
        yield from _as_json(parts, say)

    return Source(split, f"{split}.jsonl", 0, {"dataset": dataset, "split": split}, read)


def _as_json(parts: Iterable[Dataset], say: Say) -> Iterator[bytes]:
    """The rows of data sets as `to_json` writes them."""
    for part in parts:
        buffer = io.BytesIO()
        with _no_bars():
            part.to_json(buffer)
        say(buffer.tell())
        yield from buffer.getvalue().splitlines(keepends=True)


@contextmanager
def _no_bars() -> Iterator[None]:
    """No bar of `datasets` for every thousand rows; the bars of a download stay."""
    from datasets.utils import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    before = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RefusedError(
            f"{path} cannot be read: {error.strerror or error}. Next: ls -l {typed(path)}"
        ) from error


def _identity(paths: tuple[Path, ...]) -> dict[str, Any]:
    stats = [(path, path.stat()) for path in paths]
    return {"files": [[path.name, stat.st_size, stat.st_mtime_ns] for path, stat in stats]}
