"""The plan: what a run is to do. Read once from plan.toml and the command line, then frozen.

A plan file has one table per section below. `[on.<target>.<section>]` holds what differs on one
target, and `--set section.key=value` wins over both. Every problem is found before anything is
created, and all of them are reported together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

TargetName = Literal["azure", "cassette", "twin"]
TARGETS: tuple[str, ...] = get_args(TargetName)
Scalar = str | int | float
Parameters = Mapping[str, Scalar]


def _rule(default: Any, **rule: Any) -> Any:
    """A field with its rule: `low`/`high` (inclusive), `one_of`, `matches`, `says` (in words).

    `or_else`: what is wrong with a value that is not `one_of`, in words; None when nothing is.
    """
    return field(default=default, metadata=rule)


def _own_data(folder: str) -> str | None:
    """A folder of one's own is looked at where there is one; most plans have none."""
    from harness.recipe.data import unready

    problem = unready(folder)
    return problem and (
        "must be sample, hub or a folder that `python -m harness data SOURCE --to FOLDER` wrote: "
        f"{problem}"
    )


@dataclass(frozen=True)
class Workspace:
    """Where the run happens. Names left empty come from config.json, else the environment."""

    subscription: str = ""  # else AZURE_SUBSCRIPTION_ID
    group: str = ""  # else AZURE_RESOURCE_GROUP
    name: str = ""  # else AZURE_WORKSPACE_NAME
    registry: str = _rule("azureml", matches=r".+", says="a registry name")
    experiment: str = _rule(
        "chat_completion_Phi-3-mini-4k-instruct", matches=r".+", says="an experiment name"
    )


@dataclass(frozen=True)
class BaseModel:
    """The model that is fine-tuned."""

    name: str = _rule("Phi-3-mini-4k-instruct", matches=r".+", says="a model name")
    version: str = _rule("latest", matches=r".+", says='"latest" or a version')


@dataclass(frozen=True)
class Compute:
    """The cluster that trains."""

    name: str = _rule(
        "gpu-cluster-big",
        matches=r"[A-Za-z](?:[A-Za-z0-9-]{0,14}[A-Za-z0-9])",
        says="2-16 letters, digits and dashes, first a letter",
    )
    size: str = _rule("Standard_NC24ads_A100_v4", matches=r"[A-Za-z]\w+", says="a VM size")
    max_instances: int = _rule(2, low=1, high=100)
    tiers: tuple[str, ...] = _rule(
        ("Dedicated", "LowPriority"), one_of=("Dedicated", "LowPriority")
    )
    keep: bool = False  # leave a cluster we created in place


@dataclass(frozen=True)
class Data:
    """Where the four splits come from."""

    source: str = _rule("sample", one_of=("sample", "hub"), or_else=_own_data)
    dataset: str = _rule("HuggingFaceH4/ultrachat_200k", matches=r".+", says="a data set id")
    percent: int = _rule(5, low=1, high=100)  # the first percent of each split; hub only


@dataclass(frozen=True)
class Finetune:
    """The pipeline component and how its job is run."""

    component: str = _rule("chat_completion_pipeline", matches=r".+", says="a component name")
    version: str = _rule("latest", matches=r".+", says='"latest" or a version')
    num_nodes: int = _rule(1, low=1, high=16)
    ignore_model_defaults: tuple[str, ...] = ()  # defaults of the model not to take over
    compare_with_reference: bool = False  # thirty more questions in step 8; for live targets


@dataclass(frozen=True)
class Register:
    """The fine-tuned model's name; its version is the run's timestamp."""

    name: str = _rule(
        "Phi-3-mini-4k-instruct-ultrachat-200k",
        matches=r"[A-Za-z0-9][\w.-]{0,254}",
        says="a model name of letters, digits, dots, dashes and underscores",
    )


@dataclass(frozen=True)
class Endpoint:
    """The endpoint's name is prefix + timestamp (10 digits); Azure allows 3-32 characters."""

    prefix: str = _rule(
        "ultrachat-completion-",
        matches=r"[A-Za-z](?:[A-Za-z0-9]|-(?!-)){1,21}",
        says="2-22 letters, digits and single dashes, first a letter (32 with the timestamp)",
    )


@dataclass(frozen=True)
class Deployment:
    """What serves the model."""

    name: str = _rule(
        "demo", matches=r"[A-Za-z][A-Za-z0-9-]{2,31}", says="3-32 letters, digits and dashes"
    )
    size: str = _rule("Standard_NC24ads_A100_v4", matches=r"[A-Za-z]\w+", says="a VM size")
    instance_count: int = _rule(1, low=1, high=20)
    liveness_initial_delay: int = _rule(600, low=0, high=3600)  # seconds
    request_timeout_ms: int = _rule(90000, low=1, high=180000)  # Azure's maximum


@dataclass(frozen=True)
class Scoring:
    """What is asked, and how often for the latency."""

    seed: int = _rule(20240523, low=0)
    temperature: float = _rule(0.6, low=0.0, high=2.0)
    top_p: float = _rule(0.9, low=0.0, high=1.0)
    do_sample: bool = True
    max_new_tokens: int = _rule(200, low=1, high=4096)
    warmup: int = _rule(3, low=0, high=1000)
    rounds: int = _rule(30, low=5, high=100000)


@dataclass(frozen=True)
class Limits:
    """What a run may take and cost before it stops and cleans up (0: no limit), and whose it is."""

    minutes: int = _rule(0, low=0, high=10080)
    money_usd: float = _rule(0.0, low=0.0, high=100000.0)
    patience_seconds: int = _rule(120, low=0, high=3600)  # for deleting one thing
    keep_hours: int = _rule(24, low=1, high=720)  # until the tag DeleteAfter
    owner: str = _rule(
        "finetune-harness", matches=r"[\w.@-]{1,64}", says="1-64 letters, digits and . _ @ -"
    )


@dataclass(frozen=True)
class Twin:
    """How the embedded twin behaves; no other target reads it."""

    era: str = _rule("may-2024", one_of=("may-2024", "feb-2025", "today"))
    pace: str = _rule("fast", one_of=("fast", "azure"))
    profile: str = _rule("tiny", one_of=("tiny", "smollm2", "phi3"))
    image: str = _rule(
        "mlflow", one_of=("mlflow", "foundation-model-inference", "foundation-model-serve")
    )
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cassettes:
    """When recorded answers are too old to trust; only target cassette reads it."""

    max_age_days: int = _rule(90, low=1, high=3650)


@dataclass(frozen=True)
class Plan:
    """What a run is to do, resolved. `training` and `optimization` are the recipe's own names."""

    target: TargetName = "twin"
    workspace: Workspace = field(default_factory=Workspace)
    base_model: BaseModel = field(default_factory=BaseModel)
    compute: Compute = field(default_factory=Compute)
    data: Data = field(default_factory=Data)
    finetune: Finetune = field(default_factory=Finetune)
    training: Parameters = field(default_factory=dict)
    optimization: Parameters = field(default_factory=dict)
    register: Register = field(default_factory=Register)
    endpoint: Endpoint = field(default_factory=Endpoint)
    deployment: Deployment = field(default_factory=Deployment)
    scoring: Scoring = field(default_factory=Scoring)
    limits: Limits = field(default_factory=Limits)
    twin: Twin = field(default_factory=Twin)
    cassette: Cassettes = field(default_factory=Cassettes)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """The sections as plain values, for the record of the run."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        del plain["target"]
        return plain

    def digest(self, target: str | None = None) -> str:
        """The hash by which two runs can tell that they were to do the same.

        With `target`: what it would be there. How old a cassette may be changes nothing.
        """
        asked = {name: part for name, part in self.as_dict().items() if name != "cassette"}
        text = json.dumps([target or self.target, asked], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


SECTIONS: dict[str, type] = {
    "workspace": Workspace,
    "base_model": BaseModel,
    "compute": Compute,
    "data": Data,
    "finetune": Finetune,
    "register": Register,
    "endpoint": Endpoint,
    "deployment": Deployment,
    "scoring": Scoring,
    "limits": Limits,
    "twin": Twin,
    "cassette": Cassettes,
}
FREE_SECTIONS = ("training", "optimization")  # their keys are the component's inputs
