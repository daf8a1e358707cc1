"""What the gates notice and how often they are wrong: `python -m data.reference.study`.

Judges the recorded runs of study.jsonl by twin-tiny.json and prints the tables of docs/training.md;
`--write` puts them there and draws docs/training.svg. Seconds, without torch.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean, median

from data.reference.conditions import ROOT
from data.reference.picture import drawn
from data.reference.planted import BUGS
from harness.acceptance.facts import RunFacts, Series, from_json
from harness.acceptance.gates import ALPHA, MEASURES, TAILS, accept
from harness.acceptance.probability import binomial_interval, distance, spread, student_quantile
from harness.acceptance.reference import FOLDER, Kind, Reference, read
from harness.acceptance.verdict import REJECTED, Verdict

STUDY = Path(__file__).parent / "study.jsonl"
PAGE = ROOT / "docs" / "training.md"
PICTURE = ROOT / "docs" / "training.svg"
BEGIN, END = "<!-- study: begin -->", "<!-- study: end -->"
VARYING = (*(measure.name for measure in MEASURES), "style")
NAIVE = 0.5  # a ratio of losses that is often taken as enough
OF_THE_LIST = tuple(bug.name for bug in BUGS[:10])  # the others were planted besides
DRAWS = 400  # references drawn anew from all clean runs


@dataclass(frozen=True)
class Judged:
    """The runs of one bug ("" for none), and what was said of each."""

    bug: str
    runs: tuple[RunFacts, ...]
    verdicts: tuple[tuple[Verdict, ...], ...]

    @property
    def noticed(self) -> int:
        """Runs that were rejected."""
        return sum(bool(_rejecting(verdicts)) for verdicts in self.verdicts)

    def gates(self) -> Counter[str]:
        """How many runs each gate rejected."""
        return Counter(gate for verdicts in self.verdicts for gate in _rejecting(verdicts))


def main() -> None:
    """Print, or write into the page."""
    parser = argparse.ArgumentParser(prog="python -m data.reference.study", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.name}, {PICTURE.name}")
    given = parser.parse_args()
    reference = read(FOLDER / "twin-tiny.json")
    text = tables(reference)
    print(text)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
        PICTURE.write_text(picture(reference), encoding="utf-8")


def tables(reference: Reference) -> str:
    """The planted bugs and the false alarms, as Markdown."""
    return "\n".join([*_planted(reference), "", *_false_alarms(reference)])


def judged(reference: Reference, bug: str, alpha: float = ALPHA) -> Judged:
    """The recorded runs of a bug, judged."""
    kind = Kind(reference.of, reference.conditions)
    runs = runs_of(reference, bug)
    return Judged(bug, runs, tuple(accept(run, reference, kind, "twin", alpha) for run in runs))


def runs_of(reference: Reference, bug: str) -> tuple[RunFacts, ...]:
    """The recorded runs of a bug."""
    return tuple(run for name, run in recorded(reference) if name == bug)


def recorded(reference: Reference) -> tuple[tuple[str, RunFacts], ...]:
    """Every run of the study with the name of its bug; see generate.short."""
    return _lines(reference.runs[0].learning_rate)


@cache
def _lines(rate: Series) -> tuple[tuple[str, RunFacts], ...]:
    """Where a line has no learning rates, they are these."""
    lines = map(json.loads, STUDY.read_text(encoding="utf-8").splitlines())
    return tuple((line["bug"], from_json({"learning_rate": rate, **line})) for line in lines)


def picture(reference: Reference) -> str:
    """The distances of all runs from the reference, as SVG."""
    rows = [
        ("20 reference runs", reference.runs),
        (f"{len(runs_of(reference, ''))} clean runs", runs_of(reference, "")),
        *((bug.what.partition(":")[0], runs_of(reference, bug.name)) for bug in BUGS),
    ]
    limit = student_quantile(ALPHA / TAILS, len(reference.runs) - 1)
    return drawn([(name, _distances(runs, reference)) for name, runs in rows], limit)


def _distances(runs: tuple[RunFacts, ...], reference: Reference) -> dict[str, list[float]]:
    """By measure, the t of every run."""
    found: dict[str, list[float]] = {}
    for measure in MEASURES:
        known = [measure.of(run, reference) or 0.0 for run in reference.runs]
        values = [measure.of(run, reference) for run in runs]
        found[measure.name] = [distance(value, known) for value in values if value is not None]
    return found


def _planted(reference: Reference) -> Iterator[str]:
    every = {bug.name: judged(reference, bug.name) for bug in BUGS}
    yield "| planted bug | noticed | what varies says | what must not vary says | ratio alone |"
    yield "|---|---|---|---|---|"
    for bug in BUGS:
        found = every[bug.name]
        naive = sum(_naive(run) for run in found.runs)
        yield (
            f"| {bug.what if bug.name in OF_THE_LIST else f'*{bug.what}*'} "
            f"| **{found.noticed}/{len(found.runs)}** | {_varying(found, reference)} "
            f"| {_counted(found)} | {naive}/{len(found.runs)} |"
        )
    listed = [every[name] for name in OF_THE_LIST]
    seen = sum(found.noticed == len(found.runs) for found in listed)
    alone = sum(all(set(_rejecting(v)) & set(VARYING) for v in f.verdicts) for f in listed)
    yield ""
    yield (
        f"{seen} of {len(listed)} listed bugs are noticed in every run, {alone} by the "
        "distribution gates alone. In italics: planted besides."
    )


def _varying(found: Judged, reference: Reference) -> str:
    """The distribution gates that rejected most runs: median distance, or answers in style."""
    counts, texts = found.gates(), []
    for name, values in _distances(found.runs, reference).items():
        if counts[name]:
            texts.append(f"`{name}` t {median(values):+.3g}{_times(counts[name], found)}")
    if counts["style"]:
        polite = median(run.polite or 0 for run in found.runs)
        texts.append(f"`style` {polite:g}/{found.runs[0].answers}{_times(counts['style'], found)}")
    return ", ".join(texts) or "-"


def _counted(found: Judged) -> str:
    counts = found.gates()
    names = [name for name in counts if name not in VARYING]
    return ", ".join(f"`{name}`{_times(counts[name], found)}" for name in names) or "-"


def _times(count: int, found: Judged) -> str:
    return "" if count == len(found.runs) else f" ({count} of {len(found.runs)})"


def _false_alarms(reference: Reference) -> Iterator[str]:
    clean = [run for bug, run in recorded(reference) if not bug]
    yield f"| alpha of a run | false alarms in {len(clean)} clean runs | rate, 95 % | by gate |"
    yield "|---|---|---|---|"
    for alpha in (ALPHA, 0.05, 0.10):
        found = judged(reference, "", alpha)
        low, high = binomial_interval(found.noticed, len(clean))
        gates = ", ".join(f"`{g}` {n}" for g, n in found.gates().most_common()) or "none"
        yield (
            f"| {alpha:g} | {found.noticed} | {found.noticed / len(clean):.1%} "
            f"({low:.1%} to {high:.1%}) | {gates} |"
        )
    yield ""
    rates = {alpha: _redrawn(reference, clean, alpha) for alpha in (ALPHA, 0.05, 0.10)}
    told = ", ".join(f"{rate:.2%} at {alpha:g}" for alpha, rate in rates.items())
    yield (
        f"One reference is one draw: over {DRAWS} references of {len(reference.runs)} runs drawn "
        f"from all {len(clean) + len(reference.runs)} clean runs, the mean rate of false alarms "
        f"among the others is {told}."
    )


def _redrawn(reference: Reference, clean: list[RunFacts], alpha: float) -> float:
    """The mean rate of rejections when any 20 of the clean runs judge the others."""
    rng, pool = random.Random(1), [*reference.runs, *clean]
    table = [[m.of(run, reference) or 0.0 for run in pool] for m in MEASURES]
    limit = student_quantile(alpha / TAILS, len(reference.runs) - 1)
    wrong = 0
    for _ in range(DRAWS):
        chosen = set(rng.sample(range(len(pool)), len(reference.runs)))
        out: set[int] = set()
        for values in table:
            known = [values[n] for n in chosen]
            middle = fmean(known)
            half = limit * spread(known)
            out |= {n for n, value in enumerate(values) if abs(value - middle) > half}
        wrong += len(out - chosen)
    return wrong / DRAWS / len(clean)


def _rejecting(verdicts: tuple[Verdict, ...]) -> list[str]:
    return [verdict.gate for verdict in verdicts if verdict.outcome in REJECTED]


def _naive(run: RunFacts) -> bool:
    """Whether the ratio of the losses alone would have noticed."""
    return not (run.eval_loss and run.base_loss and run.eval_loss <= NAIVE * run.base_loss)


if __name__ == "__main__":
    main()
