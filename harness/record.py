"""From a run to its run.json, page and summary."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.measure.conditions import conditions
from harness.report.html import write_html
from harness.report.run_record import write
from harness.report.summary import closing_line, summary

if TYPE_CHECKING:
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


def write_reports(run: Run, counts: dict[str, int]) -> list[str]:
    """Write run.json, index.html and summary.md into the run's folder; lines for the terminal."""
    record = record_of(run, counts)
    run_json = run.folder / "run.json"
    write(run_json, record)
    (run.folder / "summary.md").write_text(summary(record), encoding="utf-8")
    page = write_html(run_json, run.folder / "index.html")
    _point_latest(run.folder)
    return [closing_line(record), f"report: {page}"]


def record_of(run: Run, counts: dict[str, int]) -> Any:
    """The record of a run, as `report/run_record.py` describes it."""
    failed = run.failed()
    leftovers = list(run.cleanups[-1].leftovers) if run.cleanups else []
    bad = failed or counts["failed"] or counts["errors"] or leftovers
    return {
        "schema": 1,
        "run": run.folder.name,
        "scenario": run.scenario,
        "target": run.target.name,
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 2),
        "outcome": "failed" if bad else "passed",
        "plan": run.plan.as_dict(),
        "plan_hash": run.plan.digest(),
        "steps": _steps(run),
        "tests": counts,
        "exchanges": len(run.exchanges),
        "exchange_log": [asdict(exchange) for exchange in run.exchanges],
        "training": _training(run),
        "scoring": run.scoring,
        "leftovers": [asdict(left) for left in leftovers],
        "deleted": [asdict(gone) for cleanup in run.cleanups for gone in cleanup.deleted],
        "findings": run.findings,
        "conditions": conditions(),
        "links": {
            name: str(path.relative_to(run.folder))
            for name, path in (run.target.logs or {}).items()
        },
    }


def _steps(run: Run) -> list[dict[str, Any]]:
    """All nine; one that did not run is skipped and names the failed step before it."""
    ran = {step.n: step for step in run.steps}
    rows = []
    for n, (name, title) in STEPS.items():
        if n in ran:
            rows.append(_ran(run, ran[n]))
            continue
        cause = next((step.name for step in run.steps if step.status == "failed"), None)
        rows.append(
            {"n": n, "name": name, "title": title, "status": "skipped", "seconds": 0.0}
            | {"exchanges": 0, "error": None, "needs": cause, "facts": {}}
        )
    return rows


def _ran(run: Run, step: StepRecord) -> dict[str, Any]:
    exchanges = sum(1 for exchange in run.exchanges if exchange.step == step.n)
    return asdict(step) | {
        "seconds": round(step.seconds, 3),
        "exchanges": exchanges,
        "needs": None,
    }


def _training(run: Run) -> dict[str, Any] | None:
    metrics = run.training
    if metrics is None:
        return None
    return {
        "train_loss": metrics.train_loss,
        "eval_loss": metrics.eval_loss,
        "learning_rate": metrics.learning_rate,
        "train_fall": metrics.train_fall,
        "eval_fall": metrics.eval_fall,
        "tokens": _whole(metrics.last.get("train_tokens")),
        "tokens_per_second": metrics.last.get("train_tokens_per_second"),
        "seconds": metrics.last.get("train_runtime"),
        "notes": list(metrics.notes),
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _point_latest(folder: Path) -> None:
    """`latest` beside the run's folder points at it."""
    latest = folder.parent / "latest"
    fresh = folder.parent / f".latest-{folder.name}"
    fresh.symlink_to(folder.name)
    fresh.replace(latest)
