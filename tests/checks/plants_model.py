"""Steps 1 and 2: packages, the base model and its component; nothing is created yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.checks.plant import Edit, Plant

JSON = '{"apply_lora": "true", "deepspeed_stage": 2, "learning_rate": 5e-06}'  # as later published


def of_model(change: Callable[[Any], Any]) -> Edit:
    """Of the base model, as the registry answers it."""
    return Edit("registry_model.get", lambda body: change(body["properties"]))


def _component(change: Callable[[Any], Any]) -> Edit:
    def newest(body: Any) -> None:
        change(body["value"][0]["properties"]["componentSpec"])

    return Edit("registry_component.versions", newest)


MODEL = (
    Plant(
        "datasets-2.9.0",
        "packages",
        ("error environment.known_bad: SDK environment",) * 2,
        packages=(("datasets", "2.9.0"),),
        part="PyExtensionType",
    ),
    Plant(
        "marshmallow-3.24",
        "packages",
        ("error environment.known_bad: SDK environment",),
        packages=(("azure-ai-ml", "1.23.0"), ("marshmallow", "3.24.0")),
        part="cannot import name '_T'",
    ),
    Plant(
        "marshmallow-4",
        "packages",
        ("error environment.known_bad: SDK environment",),
        packages=(("azure-ai-ml", "1.26.2"), ("marshmallow", "4.0.0")),
    ),
    Plant(
        "snake-case-bodies",
        "packages",
        ("warning environment.known_bad: SDK environment",),
        packages=(("azure-ai-ml", "1.34.0"),),
        part="deployment_name of batch endpoints",
    ),
    Plant(
        "mlflow-beside-skinny",
        "packages",
        (
            "warning environment.known_bad: SDK environment",
            "error environment.mlflow: SDK environment",
        ),
        packages=(("mlflow", "3.17.2"),),
        part="logged-models",
    ),
    Plant(
        "unmet-requirement",
        "packages",
        ("warning environment.requirements: SDK environment",),
        packages=(("old-thing", "1.0"),),
        requires="pandas<1",
    ),
    Plant(
        "defaults-the-component-lacks",
        "look",
        ("error contract.names: base model",),
        edits=(
            of_model(lambda told: told["tags"].update(model_specific_defaults="{'rate_max': 1}")),
        ),
        part="rate_max (a default in the model's tag model_specific_defaults)",
    ),
    Plant(
        "misspelt-parameter",
        "look",
        ("error contract.names: plan",),
        ("training.num_train_epoch=1",),
    ),
    Plant(
        "bad-choice",
        "look",
        ("error contract.values: plan",),
        (
            "optimization.deepspeed_stage=4",
            'finetune.ignore_model_defaults=["num_train_epochs","deepspeed_stage"]',
        ),
    ),
    Plant(
        "choice-that-went",
        "look",
        ("error contract.values: plan",),
        ('training.optim="adamw_hf"',),
        edits=(_component(lambda spec: spec["inputs"]["optim"]["enum"].remove("adamw_hf")),),
        part="optim",
    ),
    Plant(
        "zero-epochs", "look", ("error contract.values: plan",), ("training.num_train_epochs=0",)
    ),
    Plant(
        "rate-of-zero",
        "look",
        ("error contract.values: plan",),
        (
            "training.learning_rate=0",
            'finetune.ignore_model_defaults=["num_train_epochs","learning_rate"]',
        ),
    ),
    Plant(
        "no-deepspeed-with-auto-batch",
        "look",
        ("error contract.together: plan",),
        ('training.auto_find_batch_size="true"',),
    ),
    Plant(
        "input-nobody-gives",
        "look",
        ("error contract.required: component",),
        edits=(
            _component(
                lambda spec: spec["inputs"].update(tenant={"type": "string", "optional": "False"})
            ),
        ),
        part="requires tenant",
    ),
    Plant(
        "input-that-went",
        "look",
        ("error contract.required: component",),
        edits=(_component(lambda spec: spec["inputs"].pop("test_file_path")),),
    ),
    Plant(
        "output-that-went",
        "look",
        ("error contract.outputs: component",),
        edits=(_component(lambda spec: spec["outputs"].pop("mlflow_model_folder")),),
    ),
    Plant(
        "three-epochs-become-one",
        "look",
        ("warning contract.precedence: base model",),
        ("finetune.ignore_model_defaults=[]", "training.num_train_epochs=3"),
        tells=("contract.winners",),
        part="num_train_epochs: plan 3, model default 1 wins",
    ),
    Plant(
        "tag-nobody-can-read",
        "look",
        ("error model.tags: base model",),
        edits=(
            of_model(lambda told: told["tags"].update(model_specific_defaults="{'precision': ")),
        ),
    ),
    Plant(
        "tags-in-json",
        "look",
        (),
        edits=(of_model(lambda told: told["tags"].update(model_specific_defaults=JSON)),),
    ),
    Plant(
        "misspelt-model",
        "look",
        ("error registry.has: plan",),
        ("base_model.name=Phi-3-mini-4k-instrct",),
        part="model 'Phi-3-mini-4k-instrct', version 'latest', is not in registry 'azureml'",
    ),
    Plant(
        "misspelt-component",
        "look",
        ("error registry.has: plan",),
        ("finetune.component=chat_completion_pipelin",),
        part="component 'chat_completion_pipelin', version 'latest', is not in registry",
    ),
    Plant(
        "version-that-went",
        "look",
        ("error registry.has: plan",),
        ("base_model.version=99",),
        part="model 'Phi-3-mini-4k-instruct', version '99', is not in registry 'azureml'",
    ),
    Plant(
        "archived",
        "look",
        ("warning model.archived: base model",),
        edits=(of_model(lambda told: told.update(isArchived=True)),),
        tells=("model.pinned",),
    ),
    Plant("retired-model", "look", ("warning model.retired: base model",), day=date(2025, 8, 30)),
    Plant(
        "tags-changed-in-place",
        "look",
        ("warning drift.model: base model",),
        edits=(of_model(lambda told: told["tags"].update(new="1")),),
        cause="+ new: 1",
        green=True,
    ),
    Plant(
        "component-of-another-version",
        "look",
        ("warning drift.component: component",),
        ("finetune.version=0.0.42",),
        part="chat_completion_pipeline 0.0.42 is not what the last green run saw "
        "(chat_completion_pipeline 0.0.51)",
        green=True,
    ),
)
