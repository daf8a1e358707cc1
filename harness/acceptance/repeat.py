"""The same seed repeats a run, bit for bit where the conditions agree; another seed does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.acceptance.facts import RunFacts
from harness.acceptance.reference import Reference
from harness.acceptance.verdict import Verdict

ACROSS = 1e-3  # relative; two kinds of processors round differently in the last bits
MANY = 10  # losses; fewer of two seeds can be as close as ACROSS by chance
_IRRELEVANT = ("code",)  # a changed figure under changed code is what this is to notice
_NEXT = "docs/training.md, 'When a run is rejected'"


def same(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Whether bits may be compared: processor, threads and packages agree, and are known."""
    keys = set(theirs) - set(_IRRELEVANT)
    return bool(keys) and all(ours.get(key) == theirs[key] for key in keys)


def repeated(run: RunFacts, reference: Reference, exact: bool) -> Verdict:
    """Does the run repeat the reference's run of its seed, and no run of another seed?"""
    if not run.train_loss or run.eval_loss is None:
        return Verdict("repeat", "cannot tell", "no losses known of this run", next=_NEXT)
    limit = 0.0 if exact else ACROSS
    telling = exact or len(run.train_loss) >= MANY
    for other in reference.runs:
        if telling and other.seed != run.seed and apart(run, other) <= limit:
            what = f"seed {run.seed} gave the run of seed {other.seed}: the seed is ignored"
            return Verdict("repeat", "differs", what, 0.0, next=_NEXT)
    own = [other for other in reference.runs if other.seed == run.seed]
    if not own:
        others = "repeats no other seed's run" if telling else "its losses are too few to compare"
        what = f"seed {run.seed} is not in the reference, and {others}, compared {_how(limit)}"
        return Verdict("repeat", "accepted", what)
    return _own(run, own, limit)


def _own(run: RunFacts, own: list[RunFacts], limit: float) -> Verdict:
    """One seed, one run: unless the reference's own runs of that seed differ, as on GPUs."""
    known = max((apart(other, own[0]) for other in own[1:]), default=0.0)
    if known > limit:
        what = f"nothing asked: the reference's own runs of seed {run.seed} are {known:.1g} apart"
        return Verdict("repeat", "accepted", what)
    found = apart(run, own[0])
    how = "the same bits" if not limit else f"at most {limit:g} (other conditions)"
    if found <= limit:
        what = f"repeats the reference's run of seed {run.seed}: {found:.1g} apart, allowed {how}"
        return Verdict("repeat", "accepted", what, found, None, limit)
    what = (
        f"seed {run.seed} does not repeat the reference's run of that seed: losses up to "
        f"{found:.2g} of themselves apart, allowed {how}"
    )
    return Verdict("repeat", "differs", what, found, None, limit, next=_NEXT)


def _how(limit: float) -> str:
    return f"to {limit:g} (other conditions)" if limit else "to the bit"


def apart(one: RunFacts, other: RunFacts) -> float:
    """The largest relative difference of any loss; infinite when the points are not the same."""
    if [step for step, _ in one.train_loss] != [step for step, _ in other.train_loss]:
        return float("inf")
    return max((abs(a - b) / max(abs(b), 1e-12) for a, b in _pairs(one, other)), default=0.0)


def _pairs(one: RunFacts, other: RunFacts) -> Iterator[tuple[float, float]]:
    yield from zip(
        (value for _, value in one.train_loss),
        (value for _, value in other.train_loss),
        strict=True,
    )
    if one.eval_loss is not None and other.eval_loss is not None:
        yield one.eval_loss, other.eval_loss
