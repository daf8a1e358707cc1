"""From what the scenario's steps 5 and 8 have in hand to verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.acceptance.facts import RunFacts, from_history
from harness.acceptance.gates import ALPHA, accept
from harness.acceptance.kind import kind, seed_of
from harness.acceptance.reference import Kind, find
from harness.acceptance.text import NEW_TOKENS, PROMPTS, held_out, scored
from harness.acceptance.verdict import Verdict

ASSISTANT_TOKENS = "__azureml_ft_assistant_tokens"  # property of the root run


class Metrics(Protocol):
    """What `recipe.metrics.TrainingMetrics` has, as far as it is needed here."""

    @property
    def train_loss(self) -> Sequence[tuple[int, float]]:
        """(optimizer step, nats a token), as logged."""

    @property
    def eval_loss(self) -> Sequence[tuple[int, float]]:
        """(optimizer step, nats a token), the last one at the end."""

    @property
    def learning_rate(self) -> Sequence[tuple[int, float]]:
        """(optimizer step, rate), as logged."""

    @property
    def last(self) -> Mapping[str, float]:
        """The last value of each metric."""

    @property
    def tokens(self) -> int | None:
        """Of the training rows, one epoch; None when the job does not say."""


@dataclass(frozen=True)
class Judged:
    """A run's figures, what it is of, and what the gates say."""

    facts: RunFacts
    kind: Kind
    verdicts: tuple[Verdict, ...]


def judge(
    target: str,
    profile: str,
    parameters: Mapping[str, object],
    train: Path,
    metrics: Metrics,
    properties: Mapping[str, str],
    said: Sequence[tuple[str, str]] = (),
    conditions: Mapping[str, str] | None = None,
    alpha: float = ALPHA,
) -> Judged:
    """Judge a run by the reference of its target, if there is one.

    `profile` is the twin's, "" on Azure; `parameters` all that the component was given, GPUs and
    nodes included; `said` what `ask` returned; `conditions` of `kind.conditions_of`, for a target
    that runs here. Raises BadReferenceError when the reference cannot be read.
    """
    of = kind(target, profile, parameters, train, conditions)
    assistant = properties.get(ASSISTANT_TOKENS, "")
    facts = from_history(
        seed_of(parameters),
        _history(metrics),
        tokens=metrics.tokens,
        assistant_tokens=int(assistant) if assistant.isdecimal() else None,
        **scored(said),
    )
    return Judged(facts, of, accept(facts, find(target, profile), of, target, alpha))


def ask(
    send: Callable[[bytes], str], test_sft: Path, prompts: int = PROMPTS
) -> list[tuple[str, str]]:
    """Held-out prompts put to the endpoint, and the answers the data has for them.

    `send` takes a request body and returns the answer's text.
    """
    return [(send(body(prompt)), wanted) for prompt, wanted in held_out(test_sft, prompts)]


def body(prompt: str) -> bytes:
    """A request for one greedy answer, in the recipe's shape: greedy, so that it repeats."""
    asked = {
        "input_string": [[{"role": "user", "content": prompt}]],
        "parameters": {"do_sample": False, "max_new_tokens": NEW_TOKENS},
    }
    return json.dumps({"input_data": asked, "params": {}}).encode()


def _history(metrics: Metrics) -> list[Mapping[str, float]]:
    """The series as the Trainer's log would have them."""
    named = {
        "loss": metrics.train_loss,
        "eval_loss": metrics.eval_loss,
        "learning_rate": metrics.learning_rate,
    }
    log: list[Mapping[str, float]] = [
        {name: value, "step": step} for name, points in named.items() for step, value in points
    ]
    if log and "total_flos" in metrics.last:  # logged once, when all is done
        end = max(entry["step"] for entry in log)
        log.append({"total_flos": metrics.last["total_flos"], "step": end})
    return log
