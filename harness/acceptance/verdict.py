"""What a gate says of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["accepted", "too bad", "too good", "differs", "cannot tell"]
REJECTED: tuple[Outcome, ...] = ("too bad", "too good", "differs")


@dataclass(frozen=True)
class Verdict:
    """`value` within `low` and `high` is accepted; `p` is the probability, of a run like those of
    the reference, to lie as far out on that side, and is compared with `alpha`. None: the gate has
    no such thing. `what` is a sentence, `next` a command."""

    gate: str
    outcome: Outcome
    what: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    alpha: float | None = None
    next: str = ""


def chance(p: float) -> str:
    """A probability as text; below 1e-15 the sums it comes from say no more."""
    return f"= {p:.2g}" if p >= 1e-15 else "< 1e-15"


def overall(verdicts: Sequence[Verdict]) -> Outcome:
    """The first rejection, else "cannot tell" when any gate could not or none was asked."""
    outcomes = [verdict.outcome for verdict in verdicts]
    rejected = next((outcome for outcome in outcomes if outcome in REJECTED), None)
    if rejected:
        return rejected
    return "accepted" if set(outcomes) == {"accepted"} else "cannot tell"
