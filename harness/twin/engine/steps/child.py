"""The process of one step: `enter(folder)` runs it and leaves its outcome."""

from __future__ import annotations

import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.step import Outcome, Step, log, read_step, write_outcome

# Component names of both eras lead to one module each (azureml-assets specs 0.0.42 to 0.0.82).
MODULES = {
    "ft_nlp_common_validation": "validation",
    "chat_completion_model_import": "model_import",
    "chat_completion_datapreprocess": "preprocess",
    "chat_completion_finetune": "finetune",
    "chat_completion_model_converter": "converter",
    "ft_nlp_model_converter": "converter",
}


def enter(folder: str) -> None:
    """Run the step described in `folder`; exit code 0 when it went well, 1 when not."""
    place = Path(folder)
    step = read_step(place)
    log(f"{step.name} starts (process {os.getpid()}, profile {step.profile})")
    outcome = attempt(step)
    write_outcome(place, outcome)
    sys.exit(0 if outcome.error is None else 1)


def attempt(step: Step) -> Outcome:
    """The outcome of the step, whatever happens in it."""
    try:
        if step.fail:
            raise RuntimeError(step.fail)
        module = import_module(f"{__package__}.{MODULES[step.name]}")
        outcome: Outcome = module.run(step)
    except UserError as fault:
        log(f"UserError: {fault}")
        return Outcome(error={"code": "UserError", "message": str(fault)})
    except Exception:
        text = traceback.format_exc()
        log(text)
        return Outcome(error={"code": "SystemError", "message": _last_lines(text)})
    log(f"{step.name} is done")
    return outcome


def _last_lines(text: str, count: int = 6) -> str:
    return "\n".join(text.strip().splitlines()[-count:])
