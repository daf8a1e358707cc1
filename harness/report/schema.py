"""The schema of `run.json`: everything one run has to say.

Text is plain text (never HTML), times are UTC, durations are seconds unless the name ends in
`_ms`, shares are 0 to 1.
Schema history: 1, the first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCHEMA = 1

Target = Literal["twin", "azure", "cassette"]
Point = tuple[float, float | None]  # optimiser step, value; None where the value was not finite


@dataclass(frozen=True)
class StepRecord:
    """One of the nine steps. `needs` is the name of the failed step that made this one skipped;
    a skipped step without it was not asked for."""

    n: int
    name: str
    title: str
    status: Literal["passed", "failed", "skipped"]
    seconds: float = 0.0
    exchanges: int = 0
    error: str | None = None
    needs: str | None = None
    facts: dict[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Outcomes of the pytest items of this run."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: int = 0


@dataclass(frozen=True)
class ExchangeRecord:
    """One request and its answer. `at` counts from the start of the run; `status` is None when no
    answer came, and then `error` says why."""

    step: int | None
    operation: str
    method: str
    host: str
    path: str
    status: int | None
    at: float
    seconds: float
    error: str | None = None


@dataclass(frozen=True)
class Training:
    """What the fine-tune job logged. Losses are nats per token; a fall is 1 - last / first.

    `tokens` are those of the training data, one epoch of it.
    """

    train_loss: tuple[Point, ...]
    eval_loss: tuple[Point, ...] = ()
    learning_rate: tuple[Point, ...] = ()
    train_fall: float | None = None
    eval_fall: float | None = None
    tokens: int | None = None
    tokens_per_second: float | None = None
    seconds: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Latency:
    """Milliseconds a request, over the `n` samples kept (warm-up apart)."""

    n: int
    p50: float
    p90: float
    p99: float
    mean: float
    min: float
    max: float


@dataclass(frozen=True)
class Turn:
    """One message of the scored conversation."""

    role: str
    content: str


@dataclass(frozen=True)
class Scoring:
    """The endpoint's answer and its speed. `what` says exactly what was timed."""

    what: str
    latency_ms: Latency
    samples_ms: tuple[float, ...]
    warmup_ms: tuple[float, ...]
    prompt: tuple[Turn, ...]
    answer: str
    shape: str


@dataclass(frozen=True)
class Leftover:
    """Something this run created that still exists, and the command that removes it. A price of
    None is not known; `portal` is its page in the studio."""

    kind: str
    name: str
    why: str
    command: str
    usd_per_day: float | None = None
    portal: str = ""


@dataclass(frozen=True)
class Deleted:
    """Something this run created and removed; `proof` lists how its absence was seen."""

    kind: str
    name: str
    seconds: float
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Absent:
    """Something this run asked for that never came to be; `proof` as of what was deleted."""

    kind: str
    name: str
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One thing a check has to say: severity, what, about which thing, the next command.

    `evidence` is what it rests on, `blame` who can mend it.
    """

    severity: Literal["error", "cannot tell", "warning", "info"]
    check: str
    what: str
    thing: str
    next: str
    evidence: str = ""
    blame: str = ""


@dataclass(frozen=True)
class Conditions:
    """What the numbers of this run depend on. `load` is the load average over 1, 5, 15 minutes."""

    python: str
    platform: str
    cpu: str
    cores: int
    load: tuple[float, float, float]
    packages: dict[str, str]
    git: str | None
    recorded: str | None = None  # of a replay: where and when its answers were recorded


@dataclass(frozen=True)
class RunRecord:
    """One run. `exchange_log` may be shorter than `exchanges` counts, never longer. `spent_usd` is
    an estimate at list prices, None when nothing could be estimated. `campaign` is what the newest
    crash campaign beside this run had to say, with its target and day."""

    run: str
    scenario: str
    target: Target
    started: str
    seconds: float
    outcome: Literal["passed", "failed"]
    plan: dict[str, dict[str, object]]
    plan_hash: str
    steps: tuple[StepRecord, ...]
    tests: Counts
    exchanges: int
    conditions: Conditions
    exchange_log: tuple[ExchangeRecord, ...] = ()
    training: Training | None = None
    scoring: Scoring | None = None
    leftovers: tuple[Leftover, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    absent: tuple[Absent, ...] = ()
    findings: tuple[Finding, ...] = ()
    spent_usd: float | None = None
    struck: dict[str, int] = field(default_factory=dict)  # of the twin: fault -> how often
    campaign: str = ""
    links: dict[str, str] = field(default_factory=dict)
    seen: dict[str, object] = field(default_factory=dict)  # what later runs are compared with
    schema: int = SCHEMA
