"""What somebody who streams the job reads while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from transformers import TrainerControl, TrainerState, TrainingArguments

from harness.twin.engine.steps.metrics import Progress
from harness.twin.engine.steps.step import Step

ARGS = cast("TrainingArguments", None)  # not looked at


def told(folder: Path, steps: int, every: int) -> list[str]:
    """The lines of a training that takes no time, its loss logged at every so many steps."""
    log = folder / "root.txt"
    progress = Progress(Step("fit", "tiny", {}, {}, {}, str(log), str(folder)))
    state = TrainerState(max_steps=steps)
    for number in range(1, steps + 1):
        state.global_step = number
        control = TrainerControl(should_log=number % every == 0)
        progress.on_step_end(ARGS, state, control)
        if control.should_log:
            progress.on_log(ARGS, state, control, {"loss": 9.0 - number})
    progress.on_train_end(ARGS, state, TrainerControl())
    return [line.partition("fit: ")[2] for line in log.read_text().splitlines()]


def test_a_short_training_says_its_ends(tmp_path: Path) -> None:
    """First and last step, though both come within a second."""
    assert told(tmp_path, 5, 2) == ["step 1/5, loss not yet logged", "step 5/5, loss 5.000"]


def test_the_last_step_is_said_once(tmp_path: Path) -> None:
    """One line when there is one step; its loss is in it."""
    assert told(tmp_path, 1, 1) == ["step 1/1, loss 8.000"]


def test_every_logged_loss_is_said(tmp_path: Path, monkeypatch: Any) -> None:
    """Once a second at most: with no limit, all of them."""
    monkeypatch.setattr("harness.twin.engine.steps.metrics.EVERY", 0.0)

    assert told(tmp_path, 4, 2) == [
        "step 1/4, loss not yet logged",
        "step 2/4, loss 7.000",
        "step 3/4, loss 7.000",
        "step 4/4, loss 5.000",
    ]
