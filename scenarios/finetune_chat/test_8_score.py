"""8. Score: the deployment answers, and how fast."""

from __future__ import annotations

from typing import Any

import pytest

from harness.measure.latency import WHAT, Clock, kept_by, raw_samples, sender, summarized, timed
from harness.recipe.answers import judged
from harness.recipe.score import Answer, Caller
from harness.report.run_record import Scoring, Turn
from harness.run import Run

CLOCK = Clock()


def test_answer_is_a_text_of_its_own(answer: Answer) -> None:
    """Asked with a prompt that ends with the user's turn, it answers text that is no echo."""
    assert answer.prompt[-1]["role"] == "user"
    assert answer.text.strip()


@pytest.mark.benchmark(timer=CLOCK)
def test_latency(run: Run, answer: Answer, scoring: Caller, benchmark: Any) -> None:
    """Every measured call is a 200 with an acceptable answer; the samples are in the report.

    A replay makes the calls and reports the latencies that were recorded, and says so.
    """
    bodies: list[bytes] = []
    send, recorded = kept_by(bodies, sender(scoring)), run.target.kept
    warmup = recorded.get("warmup_ms") or timed(send, run.plan.scoring.warmup)
    CLOCK.replay(recorded.get("samples_ms", ()))
    where = run.target.recorded or f"on the target {run.target.name}"
    benchmark.group, benchmark.extra_info["target"] = where, where
    benchmark.pedantic(send, rounds=run.plan.scoring.rounds)
    samples = (
        recorded.get("samples_ms") or raw_samples(benchmark) or timed(send, run.plan.scoring.rounds)
    )
    run.kept |= {"warmup_ms": _rounded(warmup), "samples_ms": _rounded(samples)}
    run.scoring = Scoring(
        what=f"{WHAT}; {where}",
        latency_ms=summarized(samples),
        samples_ms=tuple(samples),
        warmup_ms=tuple(warmup),
        prompt=tuple(Turn(**turn) for turn in answer.prompt),
        answer=answer.text,
        shape=answer.shape,
    )
    assert len(samples) == run.plan.scoring.rounds
    for body in bodies:
        judged(body.decode(), answer.prompt, run.plan.scoring.max_new_tokens)


def _rounded(samples: list[float]) -> list[float]:
    return [round(sample, 4) for sample in samples]
