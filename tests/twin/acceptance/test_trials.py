"""Short real trainings, judged: one clean, two with a bug planted. Half a minute on one core."""

from __future__ import annotations

import pytest
from scipy import stats

from data.reference import sweep
from data.reference.conditions import conditions
from data.reference.sweep import lines
from harness.acceptance.facts import RunFacts, from_json
from harness.acceptance.gates import accept
from harness.acceptance.probability import binomial_interval, fisher_low, student_tail
from harness.acceptance.reference import Kind, Reference, find
from harness.acceptance.verdict import REJECTED, Verdict, overall
from harness.twin.warm import Warm

CLEAN, UNMERGED, LEAKED = ":42", "not-merged:101", "leaked-quietly:101"


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The twin's reference, as it ships."""
    found = find("twin", "tiny")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def runs(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFacts]:
    """Three trials in one process, by what was asked for."""
    out = tmp_path_factory.mktemp("trials") / "trials.jsonl"
    log = out.with_name("log")
    asked = [CLEAN, UNMERGED, LEAKED, "--out", str(out)]
    process = warm.process(sweep.main, asked, log=log)
    process.join(500)
    assert process.exitcode == 0, log.read_text(encoding="utf-8")
    return {f"{line['bug']}:{line['seed']}": from_json(line) for line in lines(out)}


def verdicts(run: RunFacts, reference: Reference) -> dict[str, Verdict]:
    """What each gate says of a run made here."""
    kind = Kind(reference.of, conditions())
    return {verdict.gate: verdict for verdict in accept(run, reference, kind, "twin")}


def test_a_clean_run_is_accepted(runs: dict[str, RunFacts], reference: Reference) -> None:
    """By all gates; under the reference's conditions with the reference's bits."""
    found = verdicts(runs[CLEAN], reference)

    assert overall(tuple(found.values())) == "accepted"
    if found["repeat"].high == 0:
        assert runs[CLEAN] == next(run for run in reference.runs if run.seed == 42)


def test_an_unmerged_adapter_is_noticed(runs: dict[str, RunFacts], reference: Reference) -> None:
    """The losses are those of a good training: only what the saved model says gives it away."""
    found = verdicts(runs[UNMERGED], reference)
    rejecting = {gate for gate, verdict in found.items() if verdict.outcome in REJECTED}

    assert rejecting == {"style", "rouge_gain"}


def test_a_leak_is_too_good(runs: dict[str, RunFacts], reference: Reference) -> None:
    """Validation rows among the training rows, as many rows as before: the loss is too low."""
    found = verdicts(runs[LEAKED], reference)

    assert found["eval_loss"].outcome == "too good"
    assert {found[gate].outcome for gate in ("steps", "tokens", "style")} == {"accepted"}


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 19, 20, 59])
@pytest.mark.parametrize("t", [-3.0, 0.0, 0.7, 2.7, 5.0, 12.0])
def test_the_t_distribution_is_scipys(t: float, freedom: int) -> None:
    """Ten digits, or 1e-15 where the tail is smaller than that."""
    assert student_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-10, abs=1e-15)


@pytest.mark.parametrize(("hits", "of"), [(0, 5), (10, 30), (28, 30), (30, 30)])
def test_fisher_and_clopper_pearson_are_scipys(hits: int, of: int) -> None:
    """Against 400 in 600, and as an interval of a rate."""
    table = [[hits, of - hits], [400, 200]]
    assert fisher_low(hits, of, 400, 600) == pytest.approx(
        stats.fisher_exact(table, alternative="less").pvalue
    )
    interval = stats.binomtest(hits, of).proportion_ci(method="exact")
    assert binomial_interval(hits, of) == pytest.approx((interval.low, interval.high))
