"""Step 1, `ft_nlp_common_validation`: the inputs make sense and the files parse."""

from __future__ import annotations

from harness.twin.engine import inputs
from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.files import read_rows
from harness.twin.engine.steps.step import Outcome, Step, log

_FILES = (
    ("train_file_path", "training"),
    ("validation_file_path", "validation"),
    ("test_file_path", "test"),
)
_TABLES = ("train_mltable_path", "validation_mltable_path", "test_mltable_path")


def run(step: Step) -> Outcome:
    """Raises UserError with what is wrong; writes nothing but its log."""
    for name, uri in step.missing.items():
        raise UserError(
            f"Input {name} does not lead to a file: {uri} was not found in the datastore."
        )
    for name in _TABLES:
        if name in step.inputs or name in step.literals:
            raise UserError(
                f"Input {name} is an MLTable, which this twin does not read; "
                f"give {name.replace('mltable', 'file')} a jsonl file instead."
            )
    inputs.read(step.literals)
    if "train_file_path" not in step.inputs:
        raise UserError("There is no training data: give train_file_path.")
    for name, what in _FILES:
        if name in step.inputs:
            rows = read_rows(step.input(name), what)
            log(f"{what}: {len(rows)} rows in {step.input(name).name}")
            if not rows:
                raise UserError(f"The {what} file {step.input(name).name} holds no rows.")
    step.say("Validation Completed")
    return Outcome()
