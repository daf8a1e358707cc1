"""The training of a run, judged by the reference of whoever answered, at the end of step 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.acceptance.kind import conditions_of
from harness.acceptance.live import Judged, ask, judge
from harness.acceptance.record import keep
from harness.acceptance.verdict import overall
from harness.checks.answer import text_of
from harness.errors import JobError
from harness.measure.latency import sender
from harness.targets.twin import ROOT, twin_python

if TYPE_CHECKING:
    from harness.acceptance.verdict import Verdict
    from harness.recipe.data import Splits
    from harness.recipe.finetune import FineTuneJob
    from harness.recipe.score import Caller
    from harness.run import Run


def judged_training(run: Run, splits: Splits, job: FineTuneJob, scoring: Caller) -> Judged:
    """Put the held-out prompts to the endpoint and compare losses and answers with the reference.

    The figures are left in `training.json`. A replay is judged by the reference of the target it
    was recorded on, without comparing bits: its conditions are not those of this machine. Raises
    JobError when step 5 has not run, AnswerError when the endpoint does not answer.
    """
    if run.training is None:
        raise JobError("step 5 has not run, so there is no training to judge. Next: run step 5")
    here = run.target.name == "twin"
    on_twin = here or "on twin" in (run.target.recorded or "")
    found = judge(
        "twin" if on_twin else "azure",
        run.plan.twin.profile if on_twin else "",
        job.parameters.values,
        splits.path("train_sft"),
        run.training,
        job.properties,
        ask(lambda body: _said(replace(scoring, body=body)), splits.path("test_sft")),
        conditions_of(twin_python(), ROOT) if here else None,
    )
    keep(run.folder, found.facts, found.kind)
    return found


def told(verdicts: Sequence[Verdict]) -> str:
    """For the report: the outcome, and whether the run was compared to the bit or to 1e-3."""
    how = next((each.what for each in verdicts if each.gate == "repeat"), verdicts[0].what)
    return f"{overall(verdicts)}; {how}"


def _said(caller: Caller) -> str:
    """The text of an answer; what is none counts as an answer that says nothing."""
    return text_of(sender(caller)().decode())[0] or ""
