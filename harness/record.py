"""From a run to its run.json, page and summary."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from harness.janitor.prices import prices
from harness.measure.conditions import conditions
from harness.report import run_record as told
from harness.report.begun import Begun, write_begun
from harness.report.html import write_html
from harness.report.markup import clean
from harness.report.summary import closing_line, summary

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.run import Run, StepRecord

STEPS = {
    1: ("connection", "Connect"),
    2: ("base_model", "Base model"),
    3: ("cluster", "Compute"),
    4: ("splits", "Data"),
    5: ("job", "Fine-tune job"),
    6: ("registered", "Register"),
    7: ("deployed", "Deploy"),
    8: ("answer", "Score"),
    9: ("cleanup", "Delete"),
}
OUTCOMES = ("passed", "failed", "skipped", "errors")
COMPARISON = "sdk-diff.html"  # of `python -m harness sdk diff A B --page reports/sdk-diff.html`


def begin_reports(folder: Path, scenario: str, plan: Plan) -> None:
    """Say in the run's folder that it has not ended, for as long as that is so.

    `latest` leads there. A ledger is there from now on, so that `sweep` can answer for the run.
    """
    now = datetime.now(UTC)
    write_begun(Begun(folder, scenario, plan.target, now, plan.as_dict(), plan.digest()))
    (folder / "ledger.jsonl").touch()
    _point_latest(folder)


def write_reports(run: Run, counts: Mapping[str, int]) -> list[str]:
    """Write run.json, index.html and summary.md into the run's folder; lines for the terminal."""
    _take_comparison(run.folder)
    record = record_of(run, counts)
    run_json = run.folder / "run.json"
    told.write(run_json, record)
    (run.folder / "summary.md").write_text(summary(record, run.folder), encoding="utf-8")
    page = write_html(run_json, run.folder)
    _point_latest(run.folder)
    return [*_findings(record), closing_line(record, run.folder), f"report: {page}"]


def _findings(record: told.RunRecord) -> list[str]:
    """The findings worth a look, a line each; errors have been printed where they stopped."""
    return [
        " ".join(
            clean(
                f"{finding.severity}: {finding.what} [{finding.check}]"
                + (f"; next: {finding.next}" if finding.next else "")
            ).split()
        )
        for finding in record.findings
        if finding.severity in ("warning", "cannot tell")
    ]


def record_of(run: Run, counts: Mapping[str, int]) -> told.RunRecord:
    """The record of a run."""
    leftovers = run.leftovers()
    bad = run.failed() or counts.get("failed") or counts.get("errors") or leftovers
    return told.RunRecord(
        run=run.folder.name,
        scenario=run.scenario,
        target=run.target.name,
        started=run.started.isoformat(timespec="seconds"),
        seconds=round(run.seconds, 2),
        outcome="failed" if bad else "passed",
        plan=run.plan.as_dict(),
        plan_hash=run.plan.digest(),
        steps=tuple(_step(run, n) for n in STEPS),
        tests=told.Counts(**{name: counts.get(name, 0) for name in OUTCOMES}),
        exchanges=len(run.exchanges),
        exchange_log=_exchange_log(run),
        training=_training(run),
        scoring=run.scoring,
        leftovers=tuple(told.Leftover(**asdict(left)) for left in leftovers),
        deleted=tuple(told.Deleted(**asdict(each)) for c in run.cleanups for each in c.deleted),
        absent=tuple(told.Absent(**asdict(each)) for c in run.cleanups for each in c.absent),
        findings=tuple(run.findings),
        seen=run.seen,
        spent_usd=_spent(run),
        struck=_struck(run),
        campaign=_campaign(run.folder.with_name("crash.json")),
        conditions=replace(conditions(), recorded=run.target.recorded),
        links=_logs(run) | _comparison(run.folder),
    )


def _exchange_log(run: Run) -> tuple[told.ExchangeRecord, ...]:
    return tuple(
        told.ExchangeRecord(**(asdict(seen) | {"operation": seen.operation or "undeclared"}))
        for seen in run.exchanges
    )


def _logs(run: Run) -> dict[str, str]:
    logs = run.target.logs or {}
    return {name: str(path.relative_to(run.folder)) for name, path in logs.items()}


def write_cassettes(run: Run, folder: Path) -> list[str]:
    """Write what the run recorded under `folder`, one cassette a step; lines for the terminal.

    Raises CassetteError, writing nothing, when something looks like an unknown secret.
    """
    from harness.wire.save import save

    if run.recorder is None:
        return []
    paths = save(
        run.recorder.messages,
        folder / run.scenario,
        about={
            "target": run.target.name,
            "scenario": run.scenario,
            "plan_hash": run.plan.digest(),
            "plan": run.plan.as_dict(),
        },
        steps={n: name for n, (name, _) in STEPS.items()},
        timestamp=run.timestamp,
        kept={8: run.kept},
    )
    size = sum(path.stat().st_size for path in paths)
    return [f"recorded: {len(paths)} cassettes, {size / 1000:.0f} KB, in {folder / run.scenario}"]


def _campaign(file: Path) -> str:
    """What the newest campaign of `make crash` said; empty when there was none."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return f"on the {told['target']}, ended {told['ended']}: {told['line']}"
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _take_comparison(folder: Path) -> None:
    """The newest comparison of releases beside the runs, if it is about the release that ran.

    A copy: the folder of a run is complete without others.
    """
    try:
        beside, sdk = folder.with_name(COMPARISON), version("azure-ai-ml")
        if sdk in _title(beside).split():
            shutil.copyfile(beside, folder / COMPARISON)
    except (OSError, ValueError, PackageNotFoundError):
        return  # none, or none to be read: the run has nothing to say of it


def _comparison(folder: Path) -> dict[str, str]:
    file = folder / COMPARISON
    return {f"what changes: {_title(file)}": COMPARISON} if file.exists() else {}


def _title(page: Path) -> str:
    found = re.search("<title>(.+)</title>", page.read_text(encoding="utf-8"))
    return found[1] if found else ""


def _spent(run: Run) -> float | None:
    """An estimate at list prices; None where nothing could have been spent."""
    entries = run.ledger.entries()
    return round(prices().spent(entries), 4) if entries and run.target.tape is None else None


def _struck(run: Run) -> dict[str, int]:
    """How often each fault of the twin has struck, as the twin tells it in its folder.

    One that is shared keeps what it told of an earlier run: that is older than this one.
    """
    if (ready := run.target.ready) is None:
        return {}
    try:
        file = _state(ready) / "faults.struck"
        if file.stat().st_mtime < run.started.timestamp():
            return {}
        lines = file.read_text(encoding="utf-8").splitlines()
        return {spec: int(count) for count, _, spec in (line.partition(" ") for line in lines)}
    except (OSError, ValueError):
        return {}


def _state(ready: Path) -> Path:
    """The folder of the twin. One that has ended took its ready file with it, which lay there."""
    try:
        return Path(json.loads(ready.read_text(encoding="utf-8"))["state"])
    except (OSError, ValueError, LookupError, TypeError):
        return ready.parent


def _step(run: Run, n: int) -> told.StepRecord:
    """What became of step n; one that did not run names the failed step before it."""
    name, title = STEPS[n]
    ran = next((step for step in run.steps if step.n == n), None)
    if ran is None:
        cause = next((step.name for step in run.steps if step.status == "failed"), None)
        skipped = told.StepRecord(n, name, title, "skipped", needs=cause)
        if name == "cleanup" and run.cleanups:
            return replace(skipped, needs=None, facts={"deleted": "by the finalizer instead"})
        return skipped
    return _ran(run, ran)


def _ran(run: Run, step: StepRecord) -> told.StepRecord:
    return told.StepRecord(
        n=step.n,
        name=step.name,
        title=step.title,
        status=step.status,
        seconds=round(step.seconds, 3),
        exchanges=sum(1 for seen in run.exchanges if seen.step == step.n),
        error=step.error,
        facts=dict(step.facts),
    )


def _training(run: Run) -> told.Training | None:
    metrics = run.training
    if metrics is None:
        return None
    return told.Training(
        train_loss=tuple(metrics.train_loss),
        eval_loss=tuple(metrics.eval_loss),
        learning_rate=tuple(metrics.learning_rate),
        train_fall=metrics.train_fall,
        eval_fall=metrics.eval_fall,
        tokens=metrics.tokens,
        tokens_per_second=metrics.last.get("train_tokens_per_second"),
        seconds=metrics.last.get("train_runtime"),
        notes=metrics.notes,
    )


def _point_latest(folder: Path) -> None:
    """`latest` beside the run's folder points at it."""
    fresh = folder.parent / f".latest-{folder.name}"
    fresh.symlink_to(folder.name)
    fresh.replace(folder.parent / "latest")
