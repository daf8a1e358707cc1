"""8. Score: the deployment answers, and how fast."""

from __future__ import annotations

from typing import Any

from harness.measure.latency import WHAT, raw_samples, sender, summarized, timed
from harness.recipe.answers import judged
from harness.recipe.score import Answer, Caller
from harness.report.run_record import Scoring, Turn
from harness.run import Run


def test_answer_is_a_text_of_its_own(answer: Answer) -> None:
    """Asked with a prompt that ends with the user's turn, it answers text that is no echo."""
    assert answer.prompt[-1]["role"] == "user"
    assert answer.text.strip()


def test_latency(run: Run, answer: Answer, scoring: Caller, benchmark: Any) -> None:
    """Every measured call is a 200 with an acceptable answer; the samples are in the report."""
    send = sender(scoring)
    judged(send().decode(), answer.prompt)
    warmup = timed(send, run.plan.scoring.warmup)
    benchmark.pedantic(send, rounds=run.plan.scoring.rounds)
    samples = raw_samples(benchmark) or timed(send, run.plan.scoring.rounds)
    benchmark.extra_info["target"] = run.target.name
    run.scoring = Scoring(
        what=f"{WHAT}; on the target {run.target.name}",
        latency_ms=summarized(samples),
        samples_ms=tuple(samples),
        warmup_ms=tuple(warmup),
        prompt=tuple(Turn(**turn) for turn in answer.prompt),
        answer=answer.text,
        shape=answer.shape,
    )
    assert len(samples) == run.plan.scoring.rounds
