"""Acceptance of a training run: each gate compares one of its figures with the reference's.

Three kinds of gates. A *distribution* gate asks whether a figure that varies with the seed lies
where one more run of the reference would lie, too bad and too good alike. A *count* gate asks
whether what must not vary is the same. The *repeat* gate compares bits: the same seed under the
same conditions repeats a run exactly, and another seed does not.

Method: MLPerf's reference convergence points (a distribution of runs, a one-sided t-test at a
stated alpha, faster than the reference fails as well), turned from a mean of runs to one run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean

from harness.acceptance.facts import RunFacts
from harness.acceptance.probability import distance, fisher_low, prediction, student_tail
from harness.acceptance.reference import Kind, Reference
from harness.acceptance.repeat import repeated, same
from harness.acceptance.verdict import Outcome, Verdict

ALPHA = 0.01  # of a run: the most that all gates together reject of runs like the reference's


@dataclass(frozen=True)
class Measure:
    """A figure that varies with the seed; `good` is the side on which it is better."""

    name: str
    good: int  # -1: lower is better, 1: higher is better
    of: Callable[[RunFacts, Reference], float | None]
    about: str


def late_train_loss(run: RunFacts, _: Reference | None = None) -> float | None:
    """The mean of the logged training losses of the second half."""
    values = [value for _, value in run.train_loss]
    return fmean(values[len(values) // 2 :]) if len(values) > 1 else None


def rouge_gain(run: RunFacts, reference: Reference) -> float | None:
    """ROUGE-L of the answers, less the base model's for the same prompts where that is known.

    One number is taken from every run alike, so the verdict is the same without it.
    """
    if run.rouge_l is None:
        return None
    base = reference.base.rouge_l if reference.base else None
    return run.rouge_l - (base or 0.0)


MEASURES = (
    Measure("eval_loss", -1, lambda run, _: run.eval_loss, "evaluation loss at the end"),
    Measure("late_train_loss", -1, late_train_loss, "training loss, second half"),
    Measure("rouge_gain", 1, rouge_gain, "ROUGE-L gained over the base model"),
)
TAILS = 2 * len(MEASURES) + 1  # each too bad and too good, and style, which cannot be too good
COUNTS: Mapping[str, Callable[[RunFacts], object]] = {
    "base_loss": lambda run: run.base_loss,
    "steps": lambda run: run.steps,
    "tokens": lambda run: run.tokens,
    "assistant_tokens": lambda run: run.assistant_tokens,
    "total_flos": lambda run: run.total_flos,
    "learning_rate": lambda run: run.learning_rate,
}
GATES = (*(measure.name for measure in MEASURES), "style", *COUNTS, "repeat")
_NEXT = "docs/training.md, 'When a run is rejected'"


def accept(
    run: RunFacts, reference: Reference | None, kind: Kind, target: str, alpha: float = ALPHA
) -> tuple[Verdict, ...]:
    """What every gate says of a run; see `verdict.overall`.

    `alpha` is shared out equally among the TAILS (Bonferroni). Without a reference, or with one of
    other runs, there is one verdict: "cannot tell".
    """
    if reference is None:
        return (_no_reference(target),)
    unlike = [
        f"{key} is {kind.of.get(key)!r}, not {value!r}"
        for key, value in reference.of.items()
        if kind.of.get(key) != value
    ]
    if unlike:
        return (_unlike(reference, unlike),)
    return tuple(_judged(run, reference, kind, alpha / TAILS))


def _judged(run: RunFacts, reference: Reference, kind: Kind, tail: float) -> Iterator[Verdict]:
    for measure in MEASURES:
        yield from _distribution(measure, run, reference, tail)
    yield from _style(run, reference, tail)
    exact = same(kind.conditions, reference.conditions)
    for name, of in COUNTS.items():
        yield from _count(name, of, run, reference)
    yield repeated(run, reference, exact)


def _distribution(
    measure: Measure, run: RunFacts, reference: Reference, tail: float
) -> Iterator[Verdict]:
    """Is the figure inside the t-based prediction interval of one more run?"""
    known = [measure.of(one, reference) for one in reference.runs]
    values = [value for value in known if value is not None]
    value = measure.of(run, reference)
    if len(values) < 2:
        return  # the reference does not know it, so nothing is asked
    if value is None:
        yield _unknown(measure.name, measure.about)
    elif reference.seeds == {reference.runs[0].seed} != {run.seed}:
        yield _one_seed(measure.name, reference, run.seed)
    elif not math.isfinite(value):
        yield Verdict(measure.name, "too bad", f"{measure.about}: {value}", value, next=_NEXT)
    else:
        yield _placed(measure, value, values, tail)


def _placed(measure: Measure, value: float, values: list[float], tail: float) -> Verdict:
    low, high = prediction(values, tail)
    t = distance(value, values)
    p = student_tail(abs(t), len(values) - 1)
    far: Outcome = "too good" if (t > 0) == (measure.good > 0) else "too bad"
    what = (
        f"{measure.about}: {value:.4g}, t = {t:+.1f}, expected {low:.4g} to {high:.4g} "
        f"(mean {fmean(values):.4g} of {len(values)} runs)"
    )
    if p >= tail:
        return Verdict(measure.name, "accepted", what, value, low, high, p, tail)
    return Verdict(measure.name, far, what, value, low, high, p, tail, _NEXT)


def _style(run: RunFacts, reference: Reference, tail: float) -> Iterator[Verdict]:
    """Is the share of answers in the data's voice as high? Fisher's exact test."""
    known = [(one.polite, one.answers) for one in reference.runs if one.polite is not None]
    hits, of = sum(hits or 0 for hits, _ in known), sum(of or 0 for _, of in known)
    if not of:
        return
    if run.polite is None or not run.answers:
        yield _unknown("style", "answers in the voice of the data")
        return
    p = fisher_low(run.polite, run.answers, hits, of)
    what = f"{run.polite} of {run.answers} answers in the voice of the data, reference {hits}/{of}"
    share = run.polite / run.answers
    if p >= tail:
        yield Verdict("style", "accepted", what, share, p=p, alpha=tail)
    else:
        yield Verdict("style", "too bad", what, share, p=p, alpha=tail, next=_NEXT)


def _count(
    name: str, of: Callable[[RunFacts], object], run: RunFacts, reference: Reference
) -> Iterator[Verdict]:
    """Is what must not vary the same? Numbers may differ by 1e-3 of themselves between machines."""
    known = [of(one) for one in reference.runs if of(one) not in (None, ())]
    if not known or any(not _alike(value, known[0]) for value in known):
        return
    found = of(run)
    if found in (None, ()):
        yield _unknown(name, name)
    elif _alike(found, known[0]):
        yield Verdict(name, "accepted", f"{name}: {_short(found)}, as in every reference run")
    else:
        what = f"{name}: {_short(found)}, and {_short(known[0])} in every reference run"
        yield Verdict(name, "differs", what, next=_NEXT)


def _alike(one: object, other: object) -> bool:
    if one == other:
        return True
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-3 * abs(other)
    return False


def _short(value: object) -> str:
    if isinstance(value, tuple):
        return f"{len(value)} points, {_short(value[0][1])} to {_short(value[-1][1])}"
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _unknown(gate: str, about: str) -> Verdict:
    return Verdict(gate, "cannot tell", f"{about}: not known of this run", next=_NEXT)


def _one_seed(gate: str, reference: Reference, seed: int) -> Verdict:
    only = reference.runs[0].seed
    what = f"reference {reference.name} knows seed {only} only; a run of seed {seed} varies more"
    return Verdict(
        gate, "cannot tell", what, next=f"set training.seed = {only} in the plan or with --set"
    )


def _no_reference(target: str) -> Verdict:
    return Verdict(
        "reference",
        "cannot tell",
        f"no reference for {target}: nothing to compare this training with",
        next=f"python -m harness reference gather --target {target} reports/*/run.json",
    )


def _unlike(reference: Reference, unlike: list[str]) -> Verdict:
    return Verdict(
        "reference",
        "cannot tell",
        f"reference {reference.name} is of other runs: {'; '.join(unlike)}",
        next="gather a reference of runs like this one: python -m harness reference --help",
    )
