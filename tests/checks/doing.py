"""A plant: put into the twin, the step done again where it would be noticed, and taken away."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.acceptance import live as acceptance
from harness.acceptance.gates import accept
from harness.acceptance.reference import find
from harness.checks.finding import Finding
from harness.checks.seen import seen
from harness.errors import StepError
from harness.janitor.ledger import Ledger
from harness.measure.latency import sender
from harness.plan import Plan
from harness.recipe.base_model import find_base_model
from harness.recipe.compute import look_around, provide_cluster
from harness.recipe.data import SAMPLE, SPLITS, fetch_splits
from harness.recipe.deploy import deploy
from harness.recipe.environment import read_packages
from harness.recipe.finetune import FineTuneJob, fine_tune
from harness.recipe.metrics import fit_of, read_metrics
from harness.recipe.register import register
from harness.recipe.score import caller, score
from harness.targets.twin import misbehaving
from harness.training import judged_training
from harness.wire.hook import hooked
from tests.checks.bed import Bed, Hearing, plan_of
from tests.checks.plant import Plant
from tests.checks.test_environment import install


def heard(bed: Bed, plant: Plant, folder: Path) -> tuple[list[Finding], str]:
    """Plant it, do the step again, and take it away: all that was found, and the step's error."""
    plan = _forced(plan_of(*plant.settings), plant)
    earlier = seen(bed.base_model) if plant.green else None
    hearing = Hearing(plan, plant.day, earlier, stops=plant.does not in ("look", "packages"))
    error, planted = "", len(plant.faults) + len(plant.edits)
    bed.struck.unlink(missing_ok=True)
    with misbehaving(bed.state, list(bed.faults(plant))):
        try:
            DOES[plant.does](bed, plan, hearing, plant, folder)
        except StepError as stopped:
            error = str(stopped)
    if not hearing.said and planted:  # else it is silent because nothing was there
        assert len(bed.struck.read_text().splitlines()) == planted
    return hearing.found, error


def _forced(plan: Plan, plant: Plant) -> Plan:
    """The plan with the value that a file could not have given it."""
    if plant.forced is None:
        return plan
    section, key, value = plant.forced
    return replace(plan, **{section: replace(getattr(plan, section), **{key: value})})


def packages(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 1, with the metadata of other packages first on the path."""
    for number, (name, version) in enumerate(plant.packages):
        install(folder, name, version, None if number else plant.requires or None)
    sys.path.insert(0, str(folder))
    try:
        judge("environment", packages=read_packages())
    finally:
        sys.path.remove(str(folder))


def look(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 2, and of step 3 what comes before the first create."""
    connection = bed.later()
    look_around(connection, plan, find_base_model(connection, plan, judge), judge)


def cluster(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 3."""
    provide_cluster(bed.later(), plan, bed.base_model, Ledger(folder / "ledger.jsonl"), judge)


def data(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 4, with other rows where the sample lies."""
    assert plant.rows is not None
    given = folder / "given"
    given.mkdir()
    for split in SPLITS:
        rows = (SAMPLE / f"{split}.jsonl").read_text().splitlines(keepends=True)
        rows = plant.rows(rows[:40]) if split in ("train_sft", "test_gen") else rows[:40]
        (given / f"{split}.jsonl").write_text("".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.recipe.data.SAMPLE", given)
        splits = fetch_splits(plan, folder / "data")
    judge("data", splits=splits.facts, notes=splits.notes)


def job(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 5: a job of its own."""
    ledger = Ledger(folder / "ledger.jsonl")
    fine_tune(bed.later(), plan, bed.base_model, bed.cluster, bed.splits, ledger, judge)


def again(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 5: the clean run's job, looked at anew; submitting it again trains nothing.

    A job that does not end is waited for a second, not five minutes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.recipe.finetune.SETTLE_SECONDS", 1)
        done = _same_job(bed, plan, judge)
    fit = fit_of(read_metrics(bed.connection, plan, done), bed.splits)
    judge("metrics", fit=fit, parameters=done.parameters, base_model=bed.base_model)


def _same_job(bed: Bed, plan: Plan, judge: Hearing) -> FineTuneJob:
    return fine_tune(
        bed.connection, plan, bed.base_model, bed.cluster, bed.splits, bed.ledger, judge
    )


def registers(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 6."""
    register(bed.later(), plan, bed.job, judge)


def deploys(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 7, on the endpoint of the clean run, which falls with it."""
    deploy(bed.connection, plan, bed.registered, bed.ledger, judge)


def scores(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 8."""
    score(bed.connection, plan, bed.splits, bed.deployed, judge)


def leaks(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """Step 8, after somebody in this process has asked another deployment."""
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    with misbehaving(bed.state, ["ends:deployment.create:Failed"]), suppress(StepError):
        deploy(bed.connection, plan, bed.registered, bed.ledger, Hearing(plan))
    shared = EndpointInvokeFields.DEFAULT_HEADER
    before = dict(shared)
    try:
        with misbehaving(bed.state, ['answers:scoring.invoke:["It is."]']):
            bed.connection.workspace.online_endpoints.invoke(
                endpoint_name=bed.deployed.endpoint,
                deployment_name=plan.deployment.name,
                request_file=str(bed.request()),
            )
        scores(bed, plan, judge, plant, folder)
    finally:
        shared.clear()
        shared.update(before)


def accepts(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """The end of step 8, of the clean run's job looked at anew; the answers are the clean run's."""
    done = _same_job(bed, plan, judge)
    metrics = read_metrics(bed.connection, plan, done)
    train, values = bed.splits.path("train_sft"), done.parameters.values
    read = acceptance.judge("twin", plan.twin.profile, values, train, metrics, done.properties)
    clean = bed.facts
    facts = replace(read.facts, answers=clean.answers, polite=clean.polite, rouge_l=clean.rouge_l)
    reference = find("twin", plan.twin.profile)
    judge("acceptance", verdicts=accept(facts, reference, read.kind, "twin"))


def asks(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """The end of step 8, of a deployment that the base model was put into."""
    base = replace(bed.registered, id=bed.base_model.id)
    deployed = deploy(bed.connection, plan, base, bed.ledger, judge)
    asked = caller(bed.connection, deployed, bed.answer)
    found = judged_training(bed.trained, bed.splits, bed.job, asked)
    judge("acceptance", verdicts=found.verdicts)


def bypasses(bed: Bed, plan: Plan, judge: Hearing, plant: Plant, folder: Path) -> None:
    """A measured call to a deployment of another name, which is led to that of the clean run."""

    def led_astray(send: Any, adapter: Any, request: Any, arguments: Any) -> Any:
        request.headers["azureml-model-deployment"] = bed.deployed.deployment
        return send(adapter, request, **arguments)

    asked = replace(bed.deployed, deployment=plan.deployment.name)
    ask = sender(caller(bed.connection, asked, bed.answer))
    with hooked(led_astray):
        ask()


Does = Callable[[Bed, Plan, Hearing, Plant, Path], None]
DOES: dict[str, Does] = {
    "packages": packages,
    "look": look,
    "cluster": cluster,
    "data": data,
    "job": job,
    "again": again,
    "register": registers,
    "deploy": deploys,
    "redeploy": deploys,
    "score": scores,
    "leak": leaks,
    "bypass": bypasses,
    "accept": accepts,
    "ask": asks,
}


def spoken(found: Sequence[Finding]) -> list[str]:
    """Severity and check of each finding but infos, and who can mend it."""
    return [
        f"{each.severity} {each.check}: {each.blame}" for each in found if each.severity != "info"
    ]
