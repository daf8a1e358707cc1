"""Writes the twin's reference from a sweep, or runs it again and compares.

    .venv-twin/bin/python -m data.reference.sweep reference clean planted  # 40 CPU minutes
    .venv-twin/bin/python -m data.reference.generate              # twin-tiny.json, study.jsonl
    .venv-twin/bin/python -m data.reference.generate --compare 3  # three runs again

The sweep keeps what it has done in reports/reference/trials.jsonl.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from data.reference.conditions import SAMPLE, conditions
from data.reference.planted import BUGS
from data.reference.sweep import CLEAN, OUT, REFERENCE, lines
from data.reference.trial import Bench
from data.reference.trial_inputs import LITERALS
from harness.acceptance.facts import RunFacts, Series, from_json
from harness.acceptance.kind import kind
from harness.acceptance.reference import FOLDER, Reference, find, write
from harness.acceptance.repeat import ACROSS, apart, same

COMMAND = ".venv-twin/bin/python -m data.reference.generate"
STUDY = Path(__file__).parent / "study.jsonl"


def main() -> None:
    """Write or compare."""
    parser = argparse.ArgumentParser(prog="python -m data.reference.generate", description=__doc__)
    parser.add_argument("--trials", type=Path, default=OUT, help="default: %(default)s")
    parser.add_argument("--compare", type=int, metavar="N", help="run the first N seeds again")
    given = parser.parse_args()
    if given.compare:
        sys.exit(compare(given.compare))
    done = lines(given.trials)
    made = reference(done)
    write(FOLDER / "twin-tiny.json", made)
    write_study(done, made.runs[0].learning_rate)


def reference(done: list[dict[str, Any]]) -> Reference:
    """The reference in the lines of a sweep."""
    runs = {line["seed"]: from_json(line) for line in done if not line["bug"]}
    missing = [seed for seed in REFERENCE if seed not in runs]
    if missing:
        sys.exit(f"seeds {missing} are not done: python -m data.reference.sweep reference")
    with tempfile.TemporaryDirectory() as folder:
        base = Bench(Path(folder)).untrained()
    of = kind("twin", "tiny", LITERALS, SAMPLE / "train_sft.jsonl").of
    return Reference(
        name="twin-tiny",
        of=of,
        conditions=conditions(),
        runs=tuple(runs[seed] for seed in REFERENCE),
        base=RunFacts(seed=0, **base),  # type: ignore[arg-type]  # counts are whole
        made_by=COMMAND,
    )


def write_study(done: list[dict[str, Any]], rate: Series) -> None:
    """All other runs: the clean seeds and the planted bugs, a short line each."""
    wanted = {(bug.name, seed) for bug in BUGS for seed in bug.seeds}
    wanted |= {("", seed) for seed in CLEAN["clean"]}
    kept = [line for line in done if (line["bug"], line["seed"]) in wanted]
    ordered = sorted(kept, key=lambda line: (line["bug"], line["seed"]))
    text = "".join(json.dumps(short(line, rate), separators=(",", ":")) + "\n" for line in ordered)
    STUDY.write_text(text, encoding="utf-8")


def short(line: dict[str, Any], rate: Series) -> dict[str, Any]:
    """A line without what the reference says already: its learning rates are left out when they
    are those of the reference, and losses of clean runs keep six digits."""
    kept = {name: value for name, value in line.items() if name not in ("conditions", "cpu_s")}
    if tuple(map(tuple, line["learning_rate"])) == rate:
        del kept["learning_rate"]
    if not line["bug"]:
        kept["train_loss"] = [[step, float(f"{loss:.6g}")] for step, loss in line["train_loss"]]
    return kept


def compare(count: int) -> int:
    """Run the first seeds again; 0 when they repeat as well as the conditions allow."""
    known = find("twin", "tiny")
    if known is None:
        sys.exit(f"there is no reference to compare with: {COMMAND}")
    exact = same(conditions(), known.conditions)
    limit = 0.0 if exact else ACROSS
    print(f"conditions {'agree: same bits' if exact else f'differ: {ACROSS:g}'} expected")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        counts = bench.prepare()
        for run in known.runs[:count]:
            again = bench.trial(run.seed, counts)
            worst = max(worst, apart(again, run))
            print(f"seed {run.seed}: {apart(again, run):.2g} apart")
    return int(worst > limit)


if __name__ == "__main__":
    main()
