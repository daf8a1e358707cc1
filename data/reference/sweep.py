"""Many trials, one after the other: `python -m data.reference.sweep reference clean`.

    nice -n 19 .venv-twin/bin/python -m data.reference.sweep reference clean planted

Each finished trial is one JSON line in --out; a trial that has its line is not run again, so the
sweep may be ended and started at will. About seven CPU seconds a trial, one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.reference.conditions import ROOT, conditions
from data.reference.planted import BUGS, planted
from data.reference.trial import Bench

OUT = ROOT / "reports" / "reference" / "trials.jsonl"
REFERENCE = (42, *range(1, 20))  # 42 is the component's default, and what every nightly run uses
CLEAN = {"reference": REFERENCE, "clean": tuple(range(1000, 1200))}


@dataclass(frozen=True)
class Trial:
    """A trial to run: which bug is planted ("" for none), with which seed."""

    bug: str
    seed: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for and is not done yet."""
    given = _arguments(arguments)
    done = {(line["bug"], line["seed"]) for line in lines(given.out)}
    asked = trials(given.what, given.seeds)
    wanted = [trial for trial in asked if (trial.bug, trial.seed) not in done]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, given.out.open("a", encoding="utf-8") as out:
        for number, trial in enumerate(wanted, start=1):
            started = time.process_time()
            line = run(trial, Path(folder))
            line["cpu_s"] = round(time.process_time() - started, 2)
            out.write(json.dumps(line) + "\n")
            out.flush()
            print(f"{number}/{len(wanted)} {trial.bug or 'clean'} seed {trial.seed}: {_told(line)}")
            sys.stdout.flush()


def trials(what: list[str], seeds: int) -> Iterator[Trial]:
    """The trials of the named parts: `reference`, `clean`, `planted`, a bug's name (`seeds` seeds
    of each bug), or one trial as `bug:seed`, `:seed` without a bug."""
    for part in what:
        name, _, seed = part.partition(":")
        bugs = [bug for bug in BUGS if name in ("planted", bug.name)]
        if name in CLEAN or (seed and not name):
            yield from (Trial("", n) for n in ([int(seed)] if seed else CLEAN[name]))
        elif bugs and seed:
            yield Trial(name, int(seed))
        elif bugs:
            yield from (Trial(bug.name, bug.seeds[n]) for n in range(seeds) for bug in bugs)
        else:
            known = ", ".join([*CLEAN, "planted", *(bug.name for bug in BUGS)])
            sys.exit(f"{part!r} is neither a part nor a bug; known: {known}")


_prepared: dict[str, Mapping[str, str]] = {}  # what preprocess left, by bug: the seed plays no part


def run(trial: Trial, folder: Path) -> dict[str, Any]:
    """One trial, with its bug planted while it runs."""
    bench = Bench(folder / (trial.bug or "clean"))
    with planted(trial.bug):
        if trial.bug not in _prepared:
            _prepared[trial.bug] = bench.prepare()
        facts = bench.trial(trial.seed, _prepared[trial.bug])
    return {"bug": trial.bug, **facts.to_json(), "conditions": conditions()}


def lines(path: Path) -> list[dict[str, Any]]:
    """The finished trials in a file, none when there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


def _told(line: dict[str, Any]) -> str:
    return (
        f"eval loss {line['base_loss']:.3f} -> {line.get('eval_loss', float('nan')):.5f}, "
        f"polite {line['polite']}/{line['answers']}, ROUGE-L {line['rouge_l']:.3f}, "
        f"{line['cpu_s']} CPU s"
    )


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m data.reference.sweep", description=__doc__)
    parser.add_argument("what", nargs="+", help="reference, clean, planted, a bug, bug:seed")
    parser.add_argument(
        "--seeds", type=int, choices=range(1, 4), default=3, metavar="N", help="of each bug, 1 to 3"
    )
    parser.add_argument("--out", type=Path, default=OUT, help="default: %(default)s")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
