"""5. Fine-tune: the pipeline completes, and what it logged is a training."""

from __future__ import annotations

import math

from harness.recipe.finetune import FineTuneJob
from harness.run import Run


def test_job_completed(job: FineTuneJob) -> None:
    """The status is Completed; that streaming came back says nothing."""
    assert job.status == "Completed"


def test_losses_were_logged(run: Run, job: FineTuneJob) -> None:
    """Numbers, and two at least; that they fall is the check `metrics.falls`, judged in step 5."""
    assert run.training is not None
    losses = [loss for _, loss in run.training.train_loss]
    assert len(losses) >= 2
    assert all(math.isfinite(loss) for loss in losses)


def test_job_is_named_as_the_recipe_names_it(run: Run, job: FineTuneJob) -> None:
    """The display name tells batch, scheduler, DeepSpeed and LoRA."""
    assert job.display_name.startswith(f"{run.plan.base_model.name}-ultrachat-bs")
    assert "-lora-" in job.display_name or "-nolora-" in job.display_name
