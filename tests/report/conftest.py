"""Sample records of the report tests: whole runs, as pytest would leave them."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from harness.report.run_record import (
    Conditions,
    Counts,
    Deleted,
    ExchangeRecord,
    Finding,
    Latency,
    Leftover,
    RunRecord,
    Scoring,
    StepRecord,
    Training,
    Turn,
)

Facts = dict[str, str | int | float | None]

# number, name, title, seconds, operations, facts
STEPS: tuple[tuple[int, str, str, float, tuple[str, ...], Facts], ...] = (
    (1, "connect", "Connect", 1.9, ("workspace.get", "token.get"), {"workspace": "acceptance"}),
    (2, "base_model", "Base model", 0.31, ("model.list", "model.get"), {"model": "tiny-phi3:4"}),
    (3, "compute", "Compute", 1.2, ("compute.get", "compute.create"), {"size": "NC24ads_A100_v4"}),
    (4, "data", "Data", 2.4, ("blob.put",), {"train rows": 300, "test rows": 200}),
    (5, "fine_tune", "Fine-tune job", 38.6, ("job.get", "metric.list"), {"job": "keen_sail_p1x"}),
    (6, "register", "Register the model", 0.52, ("model.create", "model.get"), {"version": 1}),
    (7, "deploy", "Endpoint and deployment", 6.8, ("endpoint.create", "deployment.get"), {}),
    (8, "score", "Score", 11.3, ("scoring.invoke",), {"answer": "text", "status": 200}),
    (9, "delete", "Delete everything", 3.1, ("endpoint.delete", "endpoint.get"), {"left": 0}),
)
COUNTS = (5, 6, 24, 31, 84, 9, 37, 104, 14)


@pytest.fixture
def passed_run() -> RunRecord:
    """A green run on the twin."""
    steps = tuple(
        StepRecord(n, name, title, "passed", seconds, count, facts=dict(facts))
        for (n, name, title, seconds, _, facts), count in zip(STEPS, COUNTS, strict=True)
    )
    log = _exchange_log()
    return RunRecord(
        run="finetune_chat-0722-060014",
        scenario="finetune_chat",
        target="twin",
        started="2026-07-22T06:00:14Z",
        seconds=69.4,
        outcome="passed",
        plan={
            "target": {"name": "twin", "pace": "fast", "era": "feb-2025"},
            "model": {"name": "Phi-3-mini-4k-instruct", "version": None, "pinned": False},
            "training": {"epochs": 1, "learning_rate": 5e-06, "lora_r": 8, "seed": 0},
            "compute": {"name": "a100-cluster", "allow": ["Standard_NC24ads_A100_v4", "ND40rs"]},
        },
        plan_hash="9c1f2ab07d44",
        steps=steps,
        tests=Counts(passed=57),
        exchanges=len(log),
        exchange_log=log,
        training=_training(),
        scoring=_scoring(),
        deleted=_deleted(),
        findings=(
            Finding("info", "model.tags", "fine-tune tags read from the model", "tiny-phi3:4", ""),
            Finding(
                "warning",
                "compute.size",
                "The cluster exists with another size than the plan asks for.",
                "a100-cluster",
                "az ml compute show --name a100-cluster",
            ),
        ),
        conditions=Conditions(
            python="3.11.9",
            platform="Linux-6.1.0-x86_64-with-glibc2.36",
            cpu="Intel Xeon 2.8 GHz",
            cores=2,
            load=(0.71, 0.94, 1.2),
            packages={"azure-ai-ml": "1.35.2", "pytest": "9.1.1", "azure-identity": "1.25.1"},
            git="4be1c9d",
        ),
        links={"pytest log": "pytest.log", "junit": "junit.xml", "record": "run.json"},
    )


@pytest.fixture
def failed_run(passed_run: RunRecord) -> RunRecord:
    """Step 5 failed, 6 to 8 could not run, 9 deleted what it could and left one thing."""
    steps = tuple(_after_failure(step) for step in passed_run.steps)
    return replace(
        passed_run,
        outcome="failed",
        steps=steps,
        seconds=41.0,
        tests=Counts(passed=29, failed=0, skipped=19, errors=1),
        training=None,
        scoring=None,
        exchanges=164,
        exchange_log=tuple(e for e in passed_run.exchange_log if e.step in (1, 2, 3, 4, 5, 9)),
        deleted=passed_run.deleted[:1],
        leftovers=(
            Leftover(
                "compute",
                "a100-cluster",
                "Delete was refused: 409 ComputeHasRunningJobs.",
                "az ml compute delete --name a100-cluster --yes",
            ),
        ),
        findings=(
            Finding(
                "error",
                "job.children",
                "Child job chat_completion_finetune failed: CUDA out of memory.",
                "keen_sail_p1x",
                "pytest scenarios/finetune_chat --set training.per_device_train_batch_size=1",
            ),
        ),
    )


@pytest.fixture
def cassette_run(passed_run: RunRecord) -> RunRecord:
    """A replay: no training, no cleanup, exchanges in a blink."""
    log = tuple(replace(e, at=e.at / 60, seconds=0.0004) for e in passed_run.exchange_log)
    return replace(
        passed_run,
        target="cassette",
        seconds=1.24,
        steps=tuple(replace(step, seconds=step.seconds / 60) for step in passed_run.steps),
        exchange_log=log,
        training=None,
        deleted=(),
        findings=(),
    )


@pytest.fixture
def hostile_run(failed_run: RunRecord) -> RunRecord:
    """Every text that a service, a user or a log chooses tries to break the page."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;</style>|`*_\x00\x1b[31m"
    long = "x" * 4000
    steps = tuple(
        replace(
            step,
            title=step.title + evil,
            error=step.error and evil + "E" * 10_240,
            facts={evil: long},
        )
        for step in failed_run.steps
    )
    return replace(
        failed_run,
        run=evil,
        scenario=evil,
        plan={evil: {evil: [evil, {"deep": evil}]}},
        plan_hash=evil,
        steps=steps,
        exchange_log=tuple(
            replace(e, operation=evil, host=evil, path="/" + long, error=evil, status=None)
            for e in failed_run.exchange_log[:40]
        ),
        scoring=replace(
            _scoring(), what=evil, prompt=(Turn(evil, evil), Turn("user", long)), answer=evil + long
        ),
        training=replace(_training(), notes=(evil, long)),
        leftovers=(Leftover(evil, evil + long, evil, evil),),
        deleted=(Deleted(evil, long, 1.0, (evil,)),),
        findings=(Finding("error", evil, evil, long, evil),),
        conditions=replace(failed_run.conditions, cpu=evil, git=evil, packages={evil: evil}),
        links={evil: "javascript:alert(1)", "out": "../../secret", "log": "pytest.log"},
    )


def _after_failure(step: StepRecord) -> StepRecord:
    if step.n == 5:
        error = "JobFailed: keen_sail_p1x ended as Failed.\n\n" + "\n".join(
            f'  File "finetune.py", line {n}, in train\n    loss = model(**batch).loss'
            for n in range(10, 34)
        )
        return replace(step, status="failed", error=error, seconds=29.5, exchanges=80)
    if step.n == 9:
        return replace(step, facts={"left": 1})
    if step.n in (6, 7, 8):
        return replace(
            step, status="skipped", needs="fine_tune", seconds=0.0, exchanges=0, facts={}
        )
    return step


def _exchange_log() -> tuple[ExchangeRecord, ...]:
    dice, log, clock = random.Random(7), [], 0.0
    for (n, _, _, seconds, operations, _), count in zip(STEPS, COUNTS, strict=True):
        for index in range(count):
            at = clock + seconds * 0.98 * index / count
            took = seconds / count * dice.uniform(0.1, 0.9)
            operation = operations[0] if index == 0 else dice.choice(operations)
            missing = operation.endswith(".get") and index == 0 and n in (3, 9)
            lost = n == 4 and index == 12
            log.append(
                ExchangeRecord(
                    step=n,
                    operation=operation,
                    method="GET" if operation.endswith((".get", ".list")) else "PUT",
                    host="management.azure.com",
                    path=f"/subscriptions/0000/resourceGroups/acceptance/{operation}/{index}",
                    status=None if lost else 404 if missing else 200,
                    at=at,
                    seconds=took,
                    error="ConnectionResetError: peer closed the connection" if lost else None,
                )
            )
        clock += seconds
    return tuple(log)


def _training() -> Training:
    dice = random.Random(3)
    train = tuple(
        (float(step), 3.4 + 2.2 * math.exp(-step / 22) + dice.gauss(0, 0.06))
        for step in range(1, 76)
    )
    evals = tuple((float(step), 3.52 + 2.15 * math.exp(-step / 24)) for step in range(0, 76, 15))
    return Training(
        train_loss=train,
        eval_loss=evals,
        learning_rate=tuple((float(s), 0.001 * min(s / 8, (75 - s) / 67)) for s in range(76)),
        train_fall=1 - train[-1][1] / train[0][1],
        eval_fall=1 - evals[-1][1] / evals[0][1],
        tokens=48_211,
        tokens_per_second=2_940.4,
        seconds=16.4,
        notes=(
            "learning_rate 5e-06 x 200 = 0.001 at this scale",
            "deepspeed is not honoured on a CPU",
        ),
    )


def _scoring() -> Scoring:
    dice = random.Random(5)
    samples = sorted(18 + dice.lognormvariate(1.4, 0.5) for _ in range(200))
    return Scoring(
        what="one POST /score over a kept-alive TLS connection, 16 new tokens, key fetched before",
        latency_ms=Latency(
            n=200,
            p50=samples[99],
            p90=samples[179],
            p99=samples[197],
            mean=sum(samples) / 200,
            min=samples[0],
            max=samples[-1],
        ),
        samples_ms=tuple(samples),
        warmup_ms=(212.0, 31.0, 24.0),
        prompt=(
            Turn("system", "You are a helpful assistant."),
            Turn("user", "How do I keep basil alive on a windowsill in winter?"),
            Turn("assistant", "Give it your brightest window and water when the top inch is dry."),
            Turn("user", "And how often should I feed it?"),
        ),
        answer="Once a month is enough in winter; half the strength the label says.",
        shape='{"output": str}',
    )


def _deleted() -> tuple[Deleted, ...]:
    proof = ("GET 404", "absent from list")
    return (
        Deleted("endpoint", "ultrachat-completion-07220600", 2.4, proof),
        Deleted("compute", "a100-cluster", 0.6, proof),
        Deleted("model", "ultrachat-tiny-phi3:1", 0.1, proof),
    )
