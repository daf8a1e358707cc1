"""Training bugs as data: what each replaces in the engine's run.

They are planted in the process of the trial, for its time, and nowhere else. The first ten are the
listed ones; the others are variants, most of which leave every count as it should be, so that only
the distribution of the figures can tell.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from data.reference.conditions import BASE, ROOT

STEPS = "harness.twin.engine.steps"
EARLY = ROOT / "reports" / "reference" / "early_base"  # made once: 30 CPU seconds
EARLY_STEPS = 300  # of the base model's 1,100

Wrong = Callable[[Any], Any]  # from the right function to the wrong one


@dataclass(frozen=True)
class Bug:
    """`wrong` takes the place of `module`'s function `name` while the trial runs."""

    name: str
    what: str
    place: str  # module:function
    wrong: Wrong
    seeds: tuple[int, ...] = (101, 102, 103)  # else one comparison of bits tells all

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Plant it, and take it out again."""
        module, _, function = self.place.partition(":")
        inside = import_module(module)
        right = getattr(inside, function)
        setattr(inside, function, self.wrong(right))
        try:
            yield
        finally:
            setattr(inside, function, right)


def planted(name: str) -> AbstractContextManager[None]:
    """The bug of that name planted while the context is open; nothing for ""."""
    return next(bug for bug in BUGS if bug.name == name).planted() if name else nullcontext()


def _inverted(right: Any) -> Any:
    from harness.twin.engine.steps.conversation import IGNORED, Example

    def example(*given: Any) -> Example:
        made = right(*given)
        pairs = zip(made.input_ids, made.labels, strict=True)
        return Example(made.input_ids, [i if n == IGNORED else IGNORED for i, n in pairs])

    return example


def _unmasked(right: Any) -> Any:
    from harness.twin.engine.steps.conversation import Example

    def example(*given: Any) -> Example:
        ids = right(*given).input_ids
        return Example(ids, list(ids))

    return example


def _untemplated(right: Any) -> Any:
    from harness.twin.engine.steps.conversation import IGNORED, Example

    def example(row: Any, tokenizer: Any, *rest: Any) -> Example:
        ids: list[int] = []
        labels: list[int] = []
        for message in row["messages"]:
            said = tokenizer.encode(message["content"] + "\n", add_special_tokens=False)
            ids += said
            labels += said if message["role"] == "assistant" else [IGNORED] * len(said)
        return Example(ids, labels)

    return example


def _no_rate(right: Any) -> Any:
    def schedule(*given: Any) -> Any:
        made = right(*given)
        return replace(made, arguments={**made.arguments, "learning_rate": 0.0})

    return schedule


def _frozen(right: Any) -> Any:
    def with_lora(*given: Any) -> Any:
        model = right(*given)
        for name, weight in model.named_parameters():
            if "lora_B" in name:  # all zero at first: while they stay so the adapter adds nothing
                weight.requires_grad = False
        return model

    return with_lora


def _shuffled(right: Any) -> Any:
    from harness.twin.engine.steps.conversation import IGNORED

    def load(path: Path) -> Any:
        rows, draw = right(path), random.Random(0)
        for row in rows if path.name == "train.jsonl" else ():
            said = [label for label in row["labels"] if label != IGNORED]
            draw.shuffle(said)
            row["labels"] = [n if n == IGNORED else said.pop() for n in row["labels"]]
        return rows

    return load


def _rows(change: Callable[[Any, Any], Any]) -> Wrong:
    """Other training rows: `change(train, validation)`."""

    def wrong(right: Any) -> Any:
        def load(path: Path) -> Any:
            rows = right(path)
            if path.name != "train.jsonl":
                return rows
            return change(rows, right(path.with_name("validation.jsonl")))

        return load

    return wrong


def _unmerged(right: Any) -> Any:
    from transformers import AutoModelForCausalLM

    return lambda trained, base: AutoModelForCausalLM.from_pretrained(base)


def _early(right: Any) -> Any:
    """Import the weights of an early checkpoint, which this makes if need be."""
    from data.tiny_phi3.generate import generate

    if not (EARLY / "model.safetensors").is_file():
        generate(EARLY, EARLY_STEPS)
    return lambda folder: EARLY if folder == BASE else right(folder)


def _seed(drawn: Callable[[], int]) -> Wrong:
    def wrong(right: Any) -> Any:
        return lambda literals: right({**literals, "seed": str(drawn())})

    return wrong


def _counted_padding(right: Any) -> Any:
    class Padded(right):  # type: ignore[misc]  # its base comes at run time
        def __call__(self, rows: Any) -> Any:
            width = -(-max(len(row["input_ids"]) for row in rows) // 64) * 64
            filled = [width - len(row["input_ids"]) for row in rows]
            return super().__call__(
                [
                    {name: values + [self._pad] * more for name, values in row.items()}
                    for row, more in zip(rows, filled, strict=True)
                ]
            )

    return Padded


BUGS: tuple[Bug, ...] = (
    Bug(
        "wrong-mask",
        "masked wrong tokens: the loss falls on what the user says",
        f"{STEPS}.conversation:_example",
        _inverted,
    ),
    Bug("rate-zero", "learning rate 0", f"{STEPS}.finetune:schedule", _no_rate),
    Bug(
        "frozen-adapter",
        "adapter frozen: half of each pair gets no gradient",
        f"{STEPS}.network:with_lora",
        _frozen,
    ),
    Bug(
        "wrong-base",
        "wrong base: a checkpoint of step 300 of 1,100",
        f"{STEPS}.model_import:_inside",
        _early,
    ),
    Bug(
        "shuffled-labels",
        "labels shuffled: within each training row",
        f"{STEPS}.finetune:load",
        _shuffled,
    ),
    Bug(
        "no-template",
        "template missing: plain text without roles",
        f"{STEPS}.conversation:_example",
        _untemplated,
    ),
    Bug(
        "not-merged",
        "LoRA not merged on save: the base model is what is saved",
        f"{STEPS}.converter:_merged",
        _unmerged,
    ),
    Bug(
        "half-the-data",
        "half the data",
        f"{STEPS}.finetune:load",
        _rows(lambda train, _: train[: len(train) // 2]),
    ),
    Bug(
        "leaked-validation",
        "validation leaked into training: all rows train, the last 20 % also validate",
        f"{STEPS}.finetune:load",
        _rows(lambda train, validation: train + validation),
    ),
    Bug(
        "seed-ignored",
        "seed ignored: every run draws from the default, 42",
        "harness.twin.engine.inputs:read",
        _seed(lambda: 42),
    ),
    Bug(
        "half-twice",
        "half the data, twice: as many rows as before",
        f"{STEPS}.finetune:load",
        _rows(lambda train, _: train[: len(train) // 2] * 2),
    ),
    Bug(
        "leaked-quietly",
        "validation leaked quietly: its rows in the place of as many training rows",
        f"{STEPS}.finetune:load",
        _rows(lambda train, validation: train[: -len(validation)] + validation),
    ),
    Bug(
        "leaked-only",
        "trained on validation only: its 120 rows, four times over",
        f"{STEPS}.finetune:load",
        _rows(lambda train, validation: (validation * 9)[: len(train)]),
    ),
    Bug(
        "no-mask",
        "mask missing: the loss falls on all tokens",
        f"{STEPS}.conversation:_example",
        _unmasked,
    ),
    Bug(
        "counted-padding",
        "padding counted: rows padded to a multiple of 64, and the loss falls on that too",
        f"{STEPS}.finetune:Padded",
        _counted_padding,
    ),
    Bug(
        "clock-seed",
        "seed from the clock: no run can be repeated",
        "harness.twin.engine.inputs:read",
        _seed(lambda: time.time_ns() % 2**31),
        seeds=(
            1,
            2,
            3,
            4,
            5,
        ),  # of the reference: a run alone does not show that it is not repeated
    ),
)
