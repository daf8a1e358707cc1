"""5. Fine-tune: the pipeline completes, and training really lowered the loss."""

from __future__ import annotations

import math

from harness.recipe.finetune import FineTuneJob
from harness.run import Run


def test_job_completed(job: FineTuneJob) -> None:
    """The status is Completed; that streaming came back says nothing."""
    assert job.status == "Completed"


def test_loss_is_finite_and_falls(run: Run, job: FineTuneJob) -> None:
    """Every logged training loss is a number, and the last is lower than the first."""
    assert run.training is not None
    losses = [loss for _, loss in run.training.train_loss]
    assert len(losses) >= 2
    assert all(math.isfinite(loss) for loss in losses)
    assert run.training.train_fall > 0


def test_job_is_named_as_the_recipe_names_it(run: Run, job: FineTuneJob) -> None:
    """The display name tells batch, scheduler, DeepSpeed and LoRA."""
    assert job.display_name.startswith(f"{run.plan.base_model.name}-ultrachat-bs")
    assert "-lora-" in job.display_name or "-nolora-" in job.display_name
