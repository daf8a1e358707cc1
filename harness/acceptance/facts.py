"""What one training run showed: the figures that are compared with a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

Series = tuple[tuple[int, float], ...]  # (optimizer step, value)


@dataclass(frozen=True)
class RunFacts:
    """One run. None: not known, and nothing may be concluded from it.

    Losses are means over rows of nats a token, as the Trainer reports them. `polite` of `answers`
    greedy answers to held-out prompts open in the sample's voice; `rouge_l` (0 to 1) is their mean
    ROUGE-L F1 against the answers of the data.
    """

    seed: int
    base_loss: float | None = None  # evaluation loss before training
    eval_loss: float | None = None  # evaluation loss at the end
    train_loss: Series = ()
    learning_rate: Series = ()
    steps: int | None = None
    tokens: int | None = None  # of the training rows, one epoch
    assistant_tokens: int | None = None  # those the loss falls on
    total_flos: float | None = None  # as the Trainer counts: all tokens it was fed, repeats too
    answers: int | None = None
    polite: int | None = None
    rouge_l: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; floats keep every bit in JSON, as Python writes the shortest exact text."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}


def from_json(document: Mapping[str, Any]) -> RunFacts:
    """The facts in a document that `to_json` made; other keys are left out."""
    known = {field.name for field in fields(RunFacts)}
    found = {name: value for name, value in document.items() if name in known}
    for name in ("train_loss", "learning_rate"):
        found[name] = tuple((int(step), float(value)) for step, value in found.get(name, ()))
    return RunFacts(**found)


def from_history(seed: int, history: list[Mapping[str, float]], **more: Any) -> RunFacts:
    """The facts in a Trainer's log: entries with a `step` and one or more metrics.

    The base model's loss is the evaluation at step 0; Azure's job does not evaluate before it
    trains, so there it is None.
    """
    losses = _series(history, "eval_loss")
    return RunFacts(
        seed=seed,
        base_loss=losses[0][1] if losses and losses[0][0] == 0 else None,
        eval_loss=losses[-1][1] if losses and losses[-1][0] > 0 else None,
        train_loss=_series(history, "loss"),
        learning_rate=_series(history, "learning_rate"),
        steps=max((int(entry["step"]) for entry in history), default=None),
        total_flos=next((entry["total_flos"] for entry in history if "total_flos" in entry), None),
        **more,
    )


def _series(history: list[Mapping[str, float]], name: str) -> Series:
    return tuple((int(entry["step"]), entry[name]) for entry in history if name in entry)
