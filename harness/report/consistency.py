"""Where a record contradicts itself: a green run with a failed step, a p50 above its p90.

A report is only worth reading if its parts agree, so the page prints what is found here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from harness.report import shape
from harness.report.schema import SCHEMA, Latency, RunRecord, Scoring, StepRecord, Training

STEPS = 9


def validate(record: RunRecord) -> list[str]:
    """Everything wrong with a record, worst told first: its shape, else its contradictions."""
    value = asdict(record)
    if found := [*shape.problems(value, RunRecord), *_not_finite(value)]:
        return sorted(found)
    return [problem for check in _CHECKS for problem in check(record)]


def is_relative(link: str) -> bool:
    """True for a path below the report's own folder: no scheme, no root, no climbing out."""
    path = PurePosixPath(link)
    inside = not path.is_absolute() and ".." not in path.parts
    return bool(link) and inside and not set(link) & set(":\\\n\t?#%")


def _not_finite(value: Any, where: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _not_finite(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _not_finite(item, f"{where}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{where}: {value} is not a finite number"


def _head(record: RunRecord) -> Iterator[str]:
    if record.schema != SCHEMA:
        yield f"schema: {record.schema}, this reader knows {SCHEMA}"
    if not record.run or not record.scenario or not record.plan_hash:
        yield "run, scenario, plan_hash: none of them may be empty"
    if not _is_utc(record.started):
        yield f"started: {record.started!r} is not an ISO time in UTC (2026-07-22T06:00:00Z)"
    if record.seconds < 0:
        yield f"seconds: {record.seconds} is negative"


def _outcome(record: RunRecord) -> Iterator[str]:
    reasons = list(reasons_to_fail(record))
    if record.outcome == "passed" and reasons:
        yield f"outcome: passed, although {'; '.join(reasons)}"
    if record.outcome == "failed" and not reasons:
        yield "outcome: failed, and nothing in the record says why"


def reasons_to_fail(record: RunRecord) -> Iterator[str]:
    """What in a record keeps it from being a green run, in words."""
    for step in record.steps:
        if step.status == "failed":
            yield f"step {step.n} ({step.name}) failed"
    if record.tests.failed or record.tests.errors:
        yield f"{record.tests.failed} tests failed and {record.tests.errors} had errors"
    if record.leftovers:
        yield f"{len(record.leftovers)} left behind"
    for finding in record.findings:
        if finding.severity == "error":
            yield f"check {finding.check} found an error"


def _steps(record: RunRecord) -> Iterator[str]:
    numbers = [step.n for step in record.steps]
    if numbers != list(range(1, STEPS + 1)):
        yield f"steps: numbered {numbers}, expected 1 to {STEPS} in order"
    failed = {step.name for step in record.steps if step.status == "failed"}
    for step in record.steps:
        yield from _step(step, failed)


def _step(step: StepRecord, failed: set[str]) -> Iterator[str]:
    where = f"step {step.n} ({step.name})"
    if step.status == "failed" and not step.error:
        yield f"{where}: failed without an error"
    if step.status != "failed" and step.error:
        yield f"{where}: {step.status} with an error"
    if step.needs and step.status != "skipped":
        yield f"{where}: {step.status}, so it cannot say which step it missed"
    if step.needs and step.needs not in failed:
        yield f"{where}: skipped for {step.needs!r}, which did not fail"
    if step.seconds < 0 or step.exchanges < 0:
        yield f"{where}: negative seconds or exchanges"


def _exchanges(record: RunRecord) -> Iterator[str]:
    if len(record.exchange_log) > record.exchanges:
        yield f"exchanges: {record.exchanges}, but {len(record.exchange_log)} are listed"
    if (counted := sum(step.exchanges for step in record.steps)) > record.exchanges:
        yield f"exchanges: {record.exchanges}, but the steps had {counted}"
    known = {step.n for step in record.steps}
    for index, exchange in enumerate(record.exchange_log):
        where = f"exchange_log[{index}] ({exchange.operation})"
        if exchange.step is not None and exchange.step not in known:
            yield f"{where}: belongs to step {exchange.step}, which does not exist"
        if exchange.status is None and not exchange.error:
            yield f"{where}: neither a status nor an error"
        if exchange.at < 0 or exchange.seconds < 0:
            yield f"{where}: negative time"


def _training(record: RunRecord) -> Iterator[str]:
    if (training := record.training) is None:
        return
    for name in ("train_loss", "eval_loss", "learning_rate"):
        steps = [step for step, _ in getattr(training, name)]
        if steps != sorted(steps):
            yield f"training.{name}: optimiser steps are not in order"
    yield from _fall(training, "train")
    yield from _fall(training, "eval")


def _fall(training: Training, which: str) -> Iterator[str]:
    fall = getattr(training, f"{which}_fall")
    series = [loss for _, loss in getattr(training, f"{which}_loss")]
    if fall is None or len(series) < 2 or not series[0] or series[-1] is None:
        return
    drawn = 1 - series[-1] / series[0]
    if abs(drawn - fall) > 0.005:
        yield f"training.{which}_fall: {fall:.3f}, but the series falls by {drawn:.3f}"


def _scoring(record: RunRecord) -> Iterator[str]:
    if (scoring := record.scoring) is None:
        return
    if not scoring.what:
        yield "scoring.what: empty; a latency must say what was measured"
    yield from _latency(scoring, scoring.latency_ms)


def _latency(scoring: Scoring, ms: Latency) -> Iterator[str]:
    if ms.n != len(scoring.samples_ms):
        yield f"scoring.latency_ms.n: {ms.n}, but {len(scoring.samples_ms)} samples are kept"
    if not ms.min <= ms.p50 <= ms.p90 <= ms.p99 <= ms.max:
        yield "scoring.latency_ms: min, p50, p90, p99, max do not rise"
    if not ms.min <= ms.mean <= ms.max:
        yield "scoring.latency_ms: mean lies outside min to max"
    if any(not ms.min <= sample <= ms.max for sample in scoring.samples_ms):
        yield "scoring.samples_ms: a sample lies outside min to max"


def _cleanup(record: RunRecord) -> Iterator[str]:
    for thing in record.deleted:
        if not thing.proof:
            yield f"deleted: {thing.kind} {thing.name} has no proof of absence"
    for left in record.leftovers:
        if not left.command:
            yield f"leftovers: {left.kind} {left.name} names no command to remove it"
    gone = {(thing.kind, thing.name) for thing in record.deleted if thing.proof}
    for left in record.leftovers:
        if (left.kind, left.name) in gone:
            yield f"leftovers: {left.kind} {left.name} is listed as deleted too"


def _links(record: RunRecord) -> Iterator[str]:
    for name, link in record.links.items():
        if not is_relative(link):
            yield f"links.{name}: {link!r} is not a path below the report's folder"


def _is_utc(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).utcoffset() == timedelta(0)
    except ValueError:
        return False


_CHECKS = (_head, _outcome, _steps, _exchanges, _training, _scoring, _cleanup, _links)
