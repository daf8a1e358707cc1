"""Verdicts on a training as findings: each rejection stops, and what is not known is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.acceptance.verdict import Verdict
from harness.checks.catalogue import judged, stop
from harness.checks.finding import Blame
from harness.errors import JobError

NEXT = "docs/training.md"


def test_an_accepted_training_is_content() -> None:
    """No finding at all."""
    assert judged("acceptance", {"verdicts": [Verdict("eval_loss", "accepted", "fine")]}) == []


@pytest.mark.parametrize("outcome", ["too bad", "too good", "differs"])
def test_a_rejection_is_an_error_of_the_job(outcome: str) -> None:
    """Too good is an error like too bad; the finding says p and alpha."""
    verdict = Verdict("eval_loss", outcome, "0.1, t = -9", p=1e-8, alpha=0.0014, next=NEXT)  # type: ignore[arg-type]  # a str here, a Literal there

    (finding,) = judged("acceptance", {"verdicts": [verdict]})

    assert (finding.severity, finding.check) == ("error", "acceptance.reference")
    assert finding.what == f"{outcome}: 0.1, t = -9"
    assert finding.evidence == "p = 1e-08, rejected below 0.0014"
    (far,) = judged("acceptance", {"verdicts": [replace(verdict, p=0.0)]})
    assert far.evidence == "p < 1e-15, rejected below 0.0014"
    with pytest.raises(JobError, match=outcome):
        stop("acceptance", [finding])


def test_no_reference_is_cannot_tell_and_stops_nothing() -> None:
    """Neither silence nor a pass: a finding with the command that gathers a reference."""
    verdict = Verdict("reference", "cannot tell", "no reference for azure", next="gather")

    (finding,) = judged("acceptance", {"verdicts": [verdict]})

    assert (finding.severity, finding.next) == ("cannot tell", "gather")
    assert finding.evidence == "no test was possible"
    stop("acceptance", [finding])


@pytest.mark.parametrize(
    ("gate", "blame"),
    [
        ("base_loss", "base model"),
        ("tokens", "data"),
        ("total_flos", "data"),
        ("style", "training"),
        ("repeat", "training"),
    ],
)
def test_each_gate_says_who_can_mend_it(gate: str, blame: Blame) -> None:
    """Another base model, other data, or the training itself."""
    (finding,) = judged("acceptance", {"verdicts": [Verdict(gate, "differs", "x", next=NEXT)]})

    assert finding.blame == blame
    assert finding.evidence == "an exact comparison"
