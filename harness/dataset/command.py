"""`python -m harness data`: check chat data, or prepare it for the job.

SOURCE is a folder or a file (.jsonl, .parquet), or a data set of the hub. Files whose name ends in
_gen are only asked, all others are trained on. Every row is looked at; nothing half written stays.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

from harness.dataset.look import there, typed
from harness.dataset.place import nothing_is_lost
from harness.dataset.prepare import Prepared, checked, prepared, wanted_of
from harness.dataset.rules import BY_NAME, RULES, Wanted
from harness.dataset.sources import ROWS, ULTRACHAT, Say, Source, Take, hub, local
from harness.dataset.told import picture
from harness.errors import HarnessError, RefusedError


def main(arguments: Sequence[str]) -> int:
    """0 when all is well, 1 when data was refused, 2 for a wrong command line, 130 for Ctrl-C."""
    given = _parser().parse_args(arguments)
    if given.rules:
        _say("\n".join(f"{rule.name:18} {rule.component:6} {rule.says}" for rule in RULES))
        return 0
    try:
        _sensible(given)
        return _all(given)
    except _WrongCommandError as error:
        sys.stderr.write(f"data: {error}\n")
        return 2
    except HarnessError as error:
        sys.stderr.write(f"data: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("data: interrupted; finished files stay, nothing half written does\n")
        return 130


class _WrongCommandError(HarnessError):
    """The command line makes no sense; nothing was looked at."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness data", description=__doc__)
    add = parser.add_argument
    add("source", nargs="?", default=ULTRACHAT, metavar="SOURCE", help=f"default: {ULTRACHAT}")
    add("--to", type=Path, metavar="FOLDER", help="write <split>.jsonl and data.json there")
    add("--check", action="store_true", help="look at every row, write nothing")
    add("--splits", nargs="+", metavar="SPLIT", help="only these")
    add("--first", type=_first, default=Take(), metavar="N|N%", help="the recipe takes 5%%")
    add("--sample", type=_count, metavar="N", help="so many rows, drawn from all")
    add("--seed", type=int, default=42, help="of the sample (42)")
    add("--drop", action="store_true", help="leave out rows that the component would leave out")
    add("--allow", action="append", default=[], metavar="RULE", help="count it, do not refuse it")
    add("--columns", nargs="+", default=["messages"], metavar="NAME", help="every row must have")
    add("--longest-line", type=_count, default=Wanted.longest_line, metavar="BYTES")
    add("--longest-turn", type=_count, default=Wanted.longest_turn, metavar="CHARACTERS")
    add("--show", type=_count, default=Wanted.shown, metavar="N", help="problems one by one (20)")
    add("--preview", action="store_true", help="show the first rows (with pandas)")
    add("--rules", action="store_true", help="list the rules, and what the component does")
    return parser


def _first(text: str) -> Take:
    number, percent = text.removesuffix("%"), text.endswith("%")
    if not number.isdecimal() or not 1 <= int(number) <= (100 if percent else sys.maxsize):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number of rows nor 1% to 100%")
    return Take(percent=int(number)) if percent else Take(rows=int(number))


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def _all(given: argparse.Namespace) -> int:
    """Every split gets its turn, also after one that is refused."""
    wanted, take, sources = _wanted(given), _take(given), _sources(given)
    if not given.check:
        nothing_is_lost(sources, given.to)
    refused, previews = 0, []
    for source in sources:
        rules = wanted_of(source.split, wanted)
        try:
            previews += [_one(source, rules, take, given)]
        except RefusedError as error:
            sys.stderr.write(f"data: {error}\n")
            refused += 1
    if any(previews):
        _say(_preview(next(filter(None, previews))))
    return 1 if refused else 0


def _sensible(given: argparse.Namespace) -> None:
    """Raises _WrongCommandError for options that make no sense, before anything is read."""
    again = f"python -m harness data {typed(Path(given.source))}"
    if given.source == "-":
        raise _WrongCommandError(
            "standard input is not read, since rows are looked at more than once. "
            "Next: cat > chats.jsonl, then python -m harness data chats.jsonl --check"
        )
    if not given.check and given.to is None:
        raise _WrongCommandError(
            f"what shall become of {given.source}? Next: {again} --check looks at every row, "
            "--to FOLDER writes them there"
        )
    taken = {"--first": given.first != Take(), "--sample": given.sample}
    for one, other, both in (
        ("--check", "--to", given.check and given.to is not None),
        ("--first", "--sample", all(taken.values())),
        *(("--check", name, given.check and asked) for name, asked in taken.items()),
    ):
        if both:
            why = ", which looks at every row and writes nothing" * (one == "--check")
            raise _WrongCommandError(f"{one}{why}, and {other} exclude each other. Next: name one")
    _allowed(given.allow)


def _allowed(names: Sequence[str]) -> None:
    can = [rule.name for rule in RULES if not rule.always]
    for name in names:
        if name not in can:
            told = "that cannot be allowed" if name in BY_NAME else "there is no such rule"
            raise _WrongCommandError(f"--allow {name}: {told}{_meant(name, can)}")


def _wanted(given: argparse.Namespace) -> Wanted:
    return Wanted(
        columns=tuple(given.columns),
        drop=given.drop,
        allow=frozenset(given.allow),
        longest_line=given.longest_line,
        longest_turn=given.longest_turn,
        shown=given.show,
    )


def _meant(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    did = f" (did you mean {near[0]}?)" if near else ""
    return f"{did}. Next: one of {', '.join(names)}"


def _take(given: argparse.Namespace) -> Take:
    first: Take = given.first
    return Take(sample=given.sample, seed=given.seed) if given.sample else first


def _sources(given: argparse.Namespace) -> list[Source]:
    """Raises RefusedError for a path that is not there, _WrongCommandError for a split."""
    path = Path(given.source)
    if not there(path) and (path.suffix or given.source.startswith((".", "/"))):
        raise RefusedError(f"there is no {path}. Next: ls {typed(path.parent)}")
    if not there(path):
        otherwise = "name a folder: python -m harness data FOLDER --to ..."
        if given.source == ULTRACHAT:
            _has(given.source, list(ROWS), given.splits)
        return hub(given.source, given.splits or list(ROWS), otherwise)
    found = local(path)
    _has(path, [source.split for source in found], given.splits)
    return [source for source in found if not given.splits or source.split in given.splits]


def _has(source: str | Path, has: Sequence[str], wanted: Sequence[str] | None) -> None:
    for name in wanted or ():
        if name not in has:
            raise _WrongCommandError(f"{source} has no {name}{_meant(name, has)}")


def _one(source: Source, wanted: Wanted, take: Take, given: argparse.Namespace) -> list[bytes]:
    """The first rows, when they are to be shown."""
    if given.check:
        told = checked(source, wanted, _progress)
        if told.refused:
            raise RefusedError(told.complaint())
        _say("\n".join([picture(told), *told.notes()]))
        return _head(source, wanted) if given.preview else []
    done = prepared(source, given.to, wanted, take, _progress)
    _say(_report(done, source, take))
    return _head(local(done.path)[0], wanted) if given.preview else []


def _head(source: Source, wanted: Wanted) -> list[bytes]:
    return list(source.lines(Take(rows=5), wanted.longest_line, lambda _: None))


def _report(done: Prepared, source: Source, take: Take) -> str:
    wanted = take.rows or take.sample
    fewer = f"note: {wanted:,} rows were asked for, and there are only {done.rows:,}: these are all"
    short = [fewer] if done.rows < wanted else []
    if done.told is None:
        there = f"{done.path}: {done.rows:,} rows, already there (sha256 {done.sha256[:12]}…)"
        return "\n".join([there, *short])
    lines = [picture(done.told), *done.told.notes()]
    lines.append(f"{done.path}: {take}: {done.rows:,} rows written, sha256 {done.sha256}")
    lines += short
    known = ROWS.get(source.split)
    if source.identity.get("dataset") == ULTRACHAT and take == Take() and done.rows != known:
        lines.append(f"note: {ULTRACHAT} had {known:,} rows in {source.split}; it has changed")
    return "\n".join(lines)


def _preview(lines: Sequence[bytes]) -> str:
    import pandas as pd

    rows = [row for row in map(json.loads, filter(bytes.strip, lines)) if row]
    return pd.DataFrame(rows).to_string(max_colwidth=60)


@contextmanager
def _progress(what: str, size: int) -> Iterator[Say]:
    """A bar on a terminal, nothing elsewhere."""
    from tqdm import tqdm

    with tqdm(
        total=size or None, desc=what, unit="B", unit_scale=True, disable=None, leave=False
    ) as bar:
        yield bar.update


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
