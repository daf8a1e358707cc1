"""The gates, on recorded runs: the twin's reference, clean seeds and planted bugs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.reference.planted import BUGS
from data.reference.study import OF_THE_LIST, STUDY, VARYING, judged, recorded
from harness.acceptance.facts import RunFacts, from_json
from harness.acceptance.gates import ALPHA, GATES, accept
from harness.acceptance.probability import binomial_interval
from harness.acceptance.reference import Kind, Reference, find
from harness.acceptance.verdict import REJECTED, Verdict, overall


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The twin's reference, as it ships."""
    found = find("twin", "tiny")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def kind(reference: Reference) -> Kind:
    """A run of the reference's kind, under its conditions."""
    return Kind(reference.of, reference.conditions)


@pytest.fixture(scope="module")
def clean(reference: Reference) -> RunFacts:
    """A clean run that is not in the reference."""
    return next(run for bug, run in recorded(reference) if not bug)


def by_gate(verdicts: tuple[Verdict, ...]) -> dict[str, Verdict]:
    """The verdicts by their gate."""
    return {verdict.gate: verdict for verdict in verdicts}


def test_a_clean_run_is_accepted_by_every_gate(
    reference: Reference, kind: Kind, clean: RunFacts
) -> None:
    """Each gate is asked, and each accepts."""
    verdicts = accept(clean, reference, kind, "twin")

    assert {verdict.gate for verdict in verdicts} == set(GATES)
    assert overall(verdicts) == "accepted"


@pytest.mark.parametrize("bug", OF_THE_LIST)
def test_a_listed_bug_is_noticed_in_every_run(reference: Reference, bug: str) -> None:
    """All ten, with every seed tried."""
    found = judged(reference, bug)

    assert found.runs
    assert found.noticed == len(found.runs)


def test_nine_of_ten_are_noticed_without_counts_and_bits(reference: Reference) -> None:
    """Only the ignored seed escapes the distribution gates in every run: each is a good run."""
    missed = [bug for bug in OF_THE_LIST if not set(judged(reference, bug).gates()) & set(VARYING)]

    assert missed == ["seed-ignored"]


@pytest.mark.parametrize("bug", ["leaked-validation", "leaked-quietly", "counted-padding"])
def test_too_good_is_rejected_too(reference: Reference, bug: str) -> None:
    """Leaks and counted padding lower the evaluation loss, and that is what gives them away."""
    for verdicts in judged(reference, bug).verdicts:
        assert by_gate(verdicts)["eval_loss"].outcome == "too good"


@pytest.mark.parametrize("bug", ["no-template", "not-merged"])
def test_the_ratio_of_losses_is_not_enough(reference: Reference, bug: str) -> None:
    """Both pass "half of the base model's loss"; only the answers show them, in every run."""
    found = judged(reference, bug)

    assert all(2 * (run.eval_loss or 0) < (run.base_loss or 0) for run in found.runs)
    assert all(by_gate(each)["style"].outcome == "too bad" for each in found.verdicts)


def test_false_alarms_come_at_most_at_the_stated_rate(reference: Reference) -> None:
    """The stated rate is not below the interval of the one that was counted."""
    found = judged(reference, "")
    low, _ = binomial_interval(found.noticed, len(found.runs))

    assert low <= ALPHA


def test_without_a_reference_there_is_no_pass(kind: Kind, clean: RunFacts) -> None:
    """Azure has none until one is gathered: cannot tell, and the command that gathers."""
    (verdict,) = accept(clean, None, kind, "azure")

    assert overall((verdict,)) == verdict.outcome == "cannot tell"
    assert verdict.what.startswith("no reference for azure")
    assert verdict.next.startswith("python -m harness reference gather --target azure")
    assert overall(()) == "cannot tell"


def test_runs_of_another_kind_are_not_compared(
    reference: Reference, kind: Kind, clean: RunFacts
) -> None:
    """Other parameters or other data: cannot tell, naming the difference."""
    other = replace(kind, of={**kind.of, "train": "0000"})

    (verdict,) = accept(clean, reference, other, "twin")

    assert verdict.outcome == "cannot tell"
    assert "train is '0000'" in verdict.what


@pytest.mark.parametrize(
    ("unknown", "gates"),
    [
        ({"eval_loss": None}, {"eval_loss", "repeat"}),
        ({"train_loss": ()}, {"late_train_loss", "repeat"}),
        ({"rouge_l": None}, {"rouge_gain"}),
        ({"polite": None}, {"style"}),
        ({"tokens": None}, {"tokens"}),
        ({"total_flos": None}, {"total_flos"}),
    ],
)
def test_what_is_not_known_is_not_accepted(
    reference: Reference, kind: Kind, clean: RunFacts, unknown: dict[str, object], gates: set[str]
) -> None:
    """A gate whose figure is missing cannot tell, and so the run is not accepted."""
    verdicts = accept(replace(clean, **unknown), reference, kind, "twin")  # type: ignore[arg-type]  # fields by name

    assert {v.gate for v in verdicts if v.outcome == "cannot tell"} == gates
    assert overall(verdicts) == "cannot tell"


def test_not_a_number_is_rejected(reference: Reference, kind: Kind, clean: RunFacts) -> None:
    """A loss that is NaN lies nowhere, least of all where a good one would."""
    verdicts = accept(replace(clean, eval_loss=float("nan")), reference, kind, "twin")

    assert by_gate(verdicts)["eval_loss"].outcome == "too bad"


def test_two_impolite_answers_are_too_many_only_at_a_lax_alpha(
    reference: Reference, kind: Kind, clean: RunFacts
) -> None:
    """Fisher's test of 28 in 30 against 600 in 600 has p 0.0022: alpha / 7 decides."""
    run = replace(clean, polite=28, answers=30)

    strict, lax = (accept(run, reference, kind, "twin", alpha) for alpha in (0.01, 0.05))

    assert by_gate(strict)["style"].outcome == "accepted"
    assert by_gate(lax)["style"].outcome == "too bad"
    assert by_gate(lax)["style"].p == pytest.approx(0.0022, abs=1e-4)


def test_every_limit_rejects_what_is_just_beyond(
    reference: Reference, kind: Kind, clean: RunFacts
) -> None:
    """The limits in a verdict are those that decide, on both sides."""
    inside = by_gate(accept(clean, reference, kind, "twin"))["eval_loss"]
    assert inside.low is not None
    assert inside.high is not None
    for edge, outward, outcome in ((inside.low, -1e-9, "too good"), (inside.high, 1e-9, "too bad")):
        for offset, expected in ((outward, outcome), (-outward, "accepted")):
            run = replace(clean, eval_loss=edge + offset)
            verdict = by_gate(accept(run, reference, kind, "twin"))["eval_loss"]
            assert verdict.outcome == expected


def test_every_bug_was_tried(reference: Reference) -> None:
    """The record holds at least three runs of each bug, and none of an unknown one."""
    names = [bug for bug, _ in recorded(reference)]

    assert set(names) == {bug.name for bug in BUGS} | {""}
    assert min(names.count(bug.name) for bug in BUGS) >= 3


def test_facts_survive_json(clean: RunFacts) -> None:
    """To JSON and back is the same run; what is unknown stays unknown."""
    assert from_json(clean.to_json()) == clean
    assert from_json({"seed": 3}) == RunFacts(seed=3)
    assert STUDY.stat().st_size < 400_000


def test_a_rejection_names_what_to_do(reference: Reference) -> None:
    """Every rejecting verdict ends in what to do next."""
    for bug in OF_THE_LIST:
        for verdicts in judged(reference, bug).verdicts:
            assert all(v.next for v in verdicts if v.outcome in REJECTED)
