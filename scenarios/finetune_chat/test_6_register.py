"""6. Register: the job's output is a model version in the workspace."""

from __future__ import annotations

from harness.recipe.register import RegisteredModel
from harness.run import Run


def test_model_is_registered_under_the_timestamp(run: Run, registered: RegisteredModel) -> None:
    """Name as planned, version the run's timestamp."""
    assert (registered.name, registered.version) == (run.plan.register.name, run.timestamp)
