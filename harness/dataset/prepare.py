"""A whole data set, split by split: validated, taken from, written whole, recorded in data.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from harness.dataset.judge import Judge
from harness.dataset.keep import helping, kept
from harness.dataset.place import announce, hash_of, note, nothing_is_lost, recorded
from harness.dataset.reservoir import sampled
from harness.dataset.rules import BY_NAME, Wanted
from harness.dataset.sources import Say, Source, Take
from harness.dataset.told import Told
from harness.errors import RefusedError, StepError

Progress = Callable[[str, int], AbstractContextManager[Say]]  # of what, bytes to come


@dataclass(frozen=True)
class Prepared:
    """One split: where it is, what was found, and the hash of its bytes.

    `useful`: of its `rows`, those that the component will not drop.
    """

    split: str
    path: Path
    rows: int
    useful: int
    sha256: str
    told: Told | None  # None: it was already there, and is what was written then


@contextmanager
def silent(what: str, size: int) -> Iterator[Say]:
    """No progress is shown."""
    yield lambda _: None


def wanted_of(split: str, wanted: Wanted) -> Wanted:
    """Rows of a `_gen` split are asked, not trained on."""
    return replace(wanted, purpose="asking") if split.endswith("_gen") else wanted


def checked(source: Source, wanted: Wanted, progress: Progress = silent) -> Told:
    """What is to be said of all rows; nothing is written. Raises RefusedError if unreadable."""
    with progress(source.name, source.size) as say, _temporary():
        judge = Judge(source.name, wanted)
        for _ in judge.kept(source.lines(Take(), wanted.longest_line, say)):
            pass
        return judge.told()


def prepared(
    source: Source, folder: Path, wanted: Wanted, take: Take, progress: Progress = silent
) -> Prepared:
    """`folder/<split>.jsonl` with the rows taken, and its line in data.json.

    A file that this made before from the same is left as it is. Raises RefusedError, with all
    there is to say, when a rule is broken or somebody's own file would be lost, StepError when it
    cannot be written; then nothing stays.
    """
    target = folder / f"{source.split}.jsonl"
    asked = _asked(source, wanted, take)
    before = recorded(folder)["splits"].get(source.split, {})
    if before.get("asked") == asked and hash_of(target) == before["sha256"]:
        return _prepared(source, target, before, None)
    nothing_is_lost([source], folder)
    with progress(source.name, source.size) as say, kept(target) as out:
        with _temporary():
            judge = Judge(source.name, wanted)
            rows = judge.kept(source.lines(take, wanted.longest_line, say))
            written = _written(rows, take, out.write)
            told = judge.told()
        if told.refused:
            raise RefusedError(told.complaint())
        _enough(source, written, wanted, take)
        out.sync()
        announce(folder, source.split, out.sha256.hexdigest())
    entry: dict[str, Any] = {
        "rows": written,
        "bytes": out.size,
        "sha256": out.sha256.hexdigest(),
        "taken": str(take),
        "dropped": dict(told.dropped),
        "allowed": dict(told.allowed),
        "asked": asked,
    }
    note(folder, source.split, entry)
    return _prepared(source, target, entry, told)


def _prepared(source: Source, path: Path, entry: Mapping[str, Any], told: Told | None) -> Prepared:
    return Prepared(source.split, path, entry["rows"], useful(entry), entry["sha256"], told)


def useful(entry: Mapping[str, Any]) -> int:
    """Of the rows of an entry of data.json, those that the component will not drop."""
    allowed: Mapping[str, int] = entry["allowed"]
    rows: int = entry["rows"]
    return rows - sum(
        count for rule, count in allowed.items() if BY_NAME[rule].component == "drops"
    )


@contextmanager
def _temporary() -> Iterator[None]:
    """Source and target say themselves what they cannot do; what is left is a temporary file."""
    try:
        yield
    except OSError as error:
        folder = gettempdir()
        raise StepError(
            f"a temporary file in {folder} cannot be used: {error.strerror or error}.\n"
            f"Next: {helping(error, Path(folder))}, or name another folder in TMPDIR, "
            "and run it again"
        ) from error


def _written(rows: Iterator[bytes], take: Take, write: Callable[[bytes], object]) -> int:
    """How many rows went out."""
    if take.sample:
        with closing(sampled(rows, take.sample, take.seed)) as drawn:  # its file goes at once
            return _through((line.rstrip(b"\n") + b"\n" for line in drawn), write)
    return _through(rows, write)


def _through(rows: Iterator[bytes], write: Callable[[bytes], object]) -> int:
    count = 0
    for line in rows:
        write(line)
        count += 1
    return count


def _enough(source: Source, rows: int, wanted: Wanted, take: Take) -> None:
    if rows < wanted.fewest_rows:
        raise RefusedError(
            f"{source.name}: {take} are {rows}, and {wanted.fewest_rows} are needed. "
            "Next: take more with --first or --sample"
        )


def _asked(source: Source, wanted: Wanted, take: Take) -> dict[str, Any]:
    """All that the written bytes depend on, as JSON has it."""
    rules = asdict(wanted) | {"allow": sorted(wanted.allow)}
    del rules["shown"]
    asked = {"from": source.identity, "take": asdict(take), "rules": rules}
    found: dict[str, Any] = json.loads(json.dumps(asked))
    return found
