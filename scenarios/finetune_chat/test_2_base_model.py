"""2. Base model: Phi-3-mini from the registry, with what its tags allow."""

from __future__ import annotations

from harness.checks.facts import BaseModel
from harness.run import Run


def test_model_comes_from_the_registry(run: Run, base_model: BaseModel) -> None:
    """The id is a registry asset of the plan's name and an exact version, never a label."""
    registry, name = run.plan.workspace.registry, run.plan.base_model.name
    assert base_model.id.startswith(f"azureml://registries/{registry}/models/{name}/versions/")
    assert base_model.version.isdigit()


def test_tags_say_which_sizes_may_be_used(base_model: BaseModel) -> None:
    """Fine-tuning and inference lists are readable, from tags or system metadata, when given."""
    for sizes in (base_model.finetune_sizes, base_model.inference_sizes):
        assert sizes is None or all(size.lower().startswith("standard_") for size in sizes)
