"""The facts that checks judge: plain values, no SDK objects. `harness/recipe/` gathers them.

A field that is None could not be read, which is another thing than being empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int | float
Series = tuple[tuple[int, float], ...]  # (optimizer step, value)


def number(value: Value | None) -> float | None:
    """The finite number that a value is or spells; None for any other text, "nan" included."""
    try:
        found = float(value)  # type: ignore[arg-type]  # None is refused with all the rest
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


@dataclass(frozen=True)
class Packages:
    """The Python environment: installed versions, what `pip check` would say, failed imports."""

    versions: Mapping[str, str]  # by normalised name
    conflicts: tuple[str, ...] = ()
    imports: Mapping[str, str] = field(default_factory=dict)  # module -> its error, "" if fine
    pythonpath: str = ""  # of the shell; what lies there comes before what is installed


@dataclass(frozen=True)
class Input:
    """One input of a component, as its specification has it."""

    type: str
    default: Value | None = None
    optional: bool = True
    enum: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Component:
    """The pipeline component that trains."""

    name: str
    version: str
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        """As messages call it."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class BaseModel:
    """A base model, what its publisher says of it, and the component that is to train it.

    A list of sizes that is None was not published.

    `sku_specs` are the properties `finetune-min-sku-spec` and `inference-min-sku-spec`, text such
    as `6|1|112|64`: vCPUs, GPUs, memory and disk in GiB. `archived` is None where it is not said.
    """

    id: str
    name: str
    version: str
    finetune_sizes: tuple[str, ...] | None
    inference_sizes: tuple[str, ...] | None
    defaults: Mapping[str, Value]
    tags: Mapping[str, str]
    component: Component
    sku_specs: Mapping[str, str] = field(default_factory=dict)
    archived: bool | None = None
    unreadable: Mapping[str, str] = field(default_factory=dict)  # tag -> its text

    def __str__(self) -> str:
        """As messages call it."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Missing:
    """What the registry does not have: kind ("model" or "component"), and what the plan says.

    `key` is where the plan says it, `why` what the registry answered.
    """

    kind: str
    name: str
    version: str
    registry: str
    key: str
    why: str

    def __str__(self) -> str:
        """As messages call it."""
        return (
            f"{self.kind} {self.name!r}, version {self.version!r}, is not in registry "
            f"{self.registry!r}"
        )


@dataclass(frozen=True)
class Size:
    """A VM size as the region offers it; `endpoints` is None where the region does not say."""

    name: str
    family: str
    cores: int
    gpus: int
    memory_gib: float
    endpoints: bool | None = None


@dataclass(frozen=True)
class Usage:
    """Cores of one kind: in use and allowed; a limit of -1 is none."""

    used: int
    limit: int


@dataclass(frozen=True)
class Existing:
    """A cluster that is there already under the plan's name."""

    size: str
    state: str
    error: str = ""


@dataclass(frozen=True)
class Parameters:
    """What the component is given: the plan's values with the model's defaults laid over them."""

    plan: Mapping[str, Value]
    model: Mapping[str, Value]  # without those the plan ignores

    @property
    def values(self) -> Mapping[str, Value]:
        """As the recipe merges them: the model's default wins."""
        return {**self.plan, **self.model}


@dataclass(frozen=True)
class Region:
    """What the workspace's region offers and allows: sizes by lower-case name, cores by usage."""

    name: str
    sizes: Mapping[str, Size]
    usages: Mapping[str, Usage] | None

    def size(self, name: str) -> Size | None:
        """The size of that name, whatever the case."""
        return self.sizes.get(name.lower())


@dataclass(frozen=True)
class Split:
    """A data file: rows, how many of them end in a user's turn, and its hash (SHA-256)."""

    name: str
    rows: int
    prompts: int
    sha256: str


@dataclass(frozen=True)
class Child:
    """A step of the job that did not complete, with the innermost code and message it left."""

    name: str
    status: str
    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class JobEnd:
    """How the job ended, whatever streaming it said."""

    name: str
    status: str
    children: tuple[Child, ...] = ()


@dataclass(frozen=True)
class Fit:
    """What the training logged. Losses in nats per token; `tokens` are those of one epoch.

    `run` is the child of the job that trained, `rows` are those it trains on; `notes` what the
    twin scaled or could not honour.
    """

    run: str
    rows: int
    train_loss: Series
    eval_loss: Series
    learning_rate: Series
    tokens: int | None
    notes: tuple[str, ...] = ()
    tokens_said: str = ""  # what the job says of them, where that is no number


@dataclass(frozen=True)
class Link:
    """One link from data to answer: what the earlier end says and what the later end says."""

    name: str
    earlier: str
    later: str | None  # None: this service does not say
    show: str = ""  # the command that shows the later end; "" where step 9 deletes it


@dataclass(frozen=True)
class Reply:
    """What `/score` answered with a 200, to which prompt, and the most tokens it was to make.

    `leaked` is the deployment that an earlier call left in the SDK's shared headers, `log` the file
    that its log goes to when the answer is refused, "" where there is none.
    """

    raw: str
    prompt: tuple[str, ...]  # contents of the messages
    limit: int
    leaked: str = ""
    deployment: str = ""
    log: str = ""


@dataclass(frozen=True)
class Traffic:
    """A deployment's own state, and who gets its endpoint's traffic in percent.

    `log` is the file that its log goes to when it is refused, "" where there is none.
    """

    endpoint: str
    deployment: str
    state: str
    traffic: Mapping[str, int]
    log: str = ""


@dataclass(frozen=True)
class Rollout:
    """A deployment that did not come up: what the service said, and its last log lines.

    `model` are the options of `az ml model` that name what was deployed, `log` is the file with
    more of its log, "" where there is none.
    """

    endpoint: str
    deployment: str
    size: str
    why: str
    logs: str
    model: str
    log: str = ""
