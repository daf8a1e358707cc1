"""What differs between recordings though nothing changed: timed, computed, drawn, or the machine's.

Such a value leaves the entry for the provenance header, and `<measured:3>` stands in its place;
a replay puts it back. What is listed here is the whole list.
"""

from __future__ import annotations

import json
import re
from typing import Any

TIMED_METRICS = (  # metrics that MLflow hands out as {"key": ..., "value": ...}
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
    "train_runtime",
    "train_samples_per_second",
    "train_steps_per_second",
    "train_tokens_per_second",
)
COMPUTED_METRICS = (  # their last digits depend on the processor that trained
    "eval_loss",
    "grad_norm",
    "loss",
    "train_loss",
)
TIMED_FIELDS = ("computeDuration", "duration")  # of the run history
MACHINE_FIELDS = ("python_version",)  # of a trained model: the Python that saved it
TRAINED = ("model.get", "model.list", "model.register", "model.versions")  # may answer with one
SAMPLED = ("scoring.invoke",)  # operations whose answer a model draws
DROPPED_LINES = (  # log lines that a job writes by the clock, or with computed digits
    re.compile(r"^.*: step \d+/\d+, loss .*\n?", re.M),
    re.compile(r"^.*: eval_loss [\d.]+ before, .*\n?", re.M),
)
_NAMES = "|".join((*TIMED_METRICS, *COMPUTED_METRICS))
_METRIC = re.compile(rf'("key":\s*"(?:{_NAMES})",\s*"value":\s*)([-\d.eE+]+|"[^"]*")')
_STRING = re.compile(r'("(?:\\.|[^"\\])*")(\s*:)?')
_FIELD = re.compile(rf'("(?:{"|".join(TIMED_FIELDS)})":\s*)("[\d.:]+")')
_MACHINE_FIELD = re.compile(rf'("(?:{"|".join(MACHINE_FIELDS)})":\s*)("[^"\\]*")')


class Measured:
    """Takes measured values out of texts; `values` has them by the number of their reference."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def taken_out(self, operation: str | None, text: str) -> str:
        """The text with references in place of what was measured."""
        if operation in SAMPLED:
            return self._sampled(text)
        if operation == "blob.get":
            for pattern in DROPPED_LINES:
                text = pattern.sub("", text)
        if operation in TRAINED:
            text = _MACHINE_FIELD.sub(self._replaced, text)
        text = _METRIC.sub(self._replaced, text)
        return _FIELD.sub(self._replaced, text)

    def _replaced(self, field: re.Match[str]) -> str:
        return f"{field[1]}{self._reference(json.loads(field[2]))}"

    def _reference(self, value: Any) -> str:
        number = str(len(self.values) + 1)
        self.values[number] = value
        return f'"<measured:{number}>"'

    def _sampled(self, text: str) -> str:
        """Each text of a model's JSON answer, wherever it stands."""
        return _STRING.sub(
            lambda found: found[0] if found[2] else self._reference(json.loads(found[1])), text
        )
