"""Training acceptance: the run against the reference runs of its target (docs/training.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.acceptance.verdict import REJECTED, Verdict, chance
from harness.checks.finding import Blame, Finding

# Who can mend it, by gate; for all others it is the training.
BLAMES: dict[str, Blame] = {
    "base_loss": "base model",
    "tokens": "data",
    "assistant_tokens": "data",
    "total_flos": "data",
    "learning_rate": "plan",
}


def reference(verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    """The training lies where one more run of the reference would lie, neither worse nor better."""
    for verdict in verdicts:
        if verdict.outcome == "accepted":
            continue
        rejected = verdict.outcome in REJECTED
        yield Finding(
            "error" if rejected else "cannot tell",
            f"{verdict.outcome}: {verdict.what}" if rejected else verdict.what,
            f"gate {verdict.gate}",
            _evidence(verdict),
            BLAMES.get(verdict.gate, "training"),
            verdict.next,
        )


def _evidence(verdict: Verdict) -> str:
    if verdict.p is not None:
        return f"p {chance(verdict.p)}, rejected below {verdict.alpha:.2g}"
    return "no test was possible" if verdict.outcome == "cannot tell" else "an exact comparison"
