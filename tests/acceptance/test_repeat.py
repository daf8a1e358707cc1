"""The seed: repeated where it is the same, different where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.acceptance.facts import RunFacts
from harness.acceptance.gates import accept
from harness.acceptance.reference import Kind, Reference, find
from harness.acceptance.repeat import ACROSS, apart
from harness.acceptance.verdict import Verdict


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The twin's reference, as it ships."""
    found = find("twin", "tiny")
    assert found is not None
    return found


def repeat(run: RunFacts, reference: Reference, conditions: dict[str, str]) -> Verdict:
    """What the repeat gate says of a run under these conditions."""
    verdicts = accept(run, reference, Kind(reference.of, conditions), "twin")
    return next(verdict for verdict in verdicts if verdict.gate == "repeat")


def nudged(run: RunFacts, by: float) -> RunFacts:
    """The run with all its losses that much larger."""
    losses = tuple((step, value * (1 + by)) for step, value in run.train_loss)
    return replace(run, train_loss=losses, eval_loss=(run.eval_loss or 0) * (1 + by))


@pytest.mark.parametrize(
    ("by", "here", "elsewhere"),
    [
        (0.0, "accepted", "accepted"),
        (1e-12, "differs", "accepted"),
        (1e-4, "differs", "accepted"),
        (2e-3, "differs", "differs"),
    ],
)
def test_bits_here_and_a_thousandth_elsewhere(
    reference: Reference, by: float, here: str, elsewhere: str
) -> None:
    """Under equal conditions the same bits are asked, on another processor 1e-3."""
    run, same = nudged(reference.runs[0], by), dict(reference.conditions)

    assert repeat(run, reference, same).outcome == here
    assert repeat(run, reference, same | {"processor": "another"}).outcome == elsewhere
    assert repeat(run, reference, {}).outcome == elsewhere


def test_changed_code_still_has_to_repeat(reference: Reference) -> None:
    """The hash of the code is told, and excuses nothing: a bug is changed code."""
    other = dict(reference.conditions) | {"code": "0000"}

    assert repeat(nudged(reference.runs[0], 1e-12), reference, other).outcome == "differs"


def test_the_run_of_another_seed_is_an_ignored_seed(reference: Reference) -> None:
    """Bits of seed 42 under any other seed, known or not, on any processor."""
    for seed in (1, 777):
        for conditions in (dict(reference.conditions), {}):
            verdict = repeat(replace(reference.runs[0], seed=seed), reference, conditions)
            assert verdict.outcome == "differs"
            assert "seed is ignored" in verdict.what


def test_seeds_of_the_reference_are_further_apart_than_machines(reference: Reference) -> None:
    """So 1e-3 tells seeds apart: the closest two differ by a hundred times as much."""
    runs = reference.runs
    pairs = [apart(one, other) for n, one in enumerate(runs) for other in runs[:n]]

    assert min(pairs) > 100 * ACROSS


def test_a_target_that_never_repeats_is_not_asked_to(reference: Reference) -> None:
    """Where the reference's own runs of one seed differ, as on GPUs, nothing is asked."""
    first = reference.runs[0]
    gpus = replace(reference, runs=tuple(nudged(first, n / 100) for n in range(5)), conditions={})

    verdict = repeat(nudged(first, 0.2), gpus, {})

    assert verdict.outcome == "accepted"
    assert "nothing asked" in verdict.what


def test_one_seed_does_not_speak_for_others(reference: Reference) -> None:
    """A reference of one seed knows no spread between seeds: another seed, and it cannot tell."""
    first = reference.runs[0]
    single = replace(reference, runs=tuple(nudged(first, n / 1e4) for n in range(5)))

    verdicts = accept(replace(first, seed=7), single, Kind(single.of), "azure")

    varying = [v for v in verdicts if v.gate in ("eval_loss", "late_train_loss", "rouge_gain")]
    assert {v.outcome for v in varying} == {"cannot tell"}


def test_a_few_losses_do_not_tell_seeds_apart_between_machines(reference: Reference) -> None:
    """One logged loss of two honest seeds can agree to 1e-3; to the bit it cannot."""
    first = reference.runs[0]
    one = replace(first, train_loss=first.train_loss[-1:])
    few = replace(reference, runs=tuple(replace(one, seed=seed) for seed in range(1, 6)))
    other = nudged(replace(one, seed=7), 5e-4)

    assert repeat(other, few, {}).outcome == "accepted"
    assert "too few" in repeat(other, few, {}).what
    assert repeat(replace(one, seed=7), few, dict(few.conditions)).outcome == "differs"
