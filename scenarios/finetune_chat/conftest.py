"""The nine steps of the recipe as fixtures. The tests beside this file state what must hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from harness.checks.facts import BaseModel
from harness.checks.seen import seen
from harness.janitor.delete import Cleanup, delete_all
from harness.janitor.sdk_hands import SdkHands
from harness.janitor.tags import expiry
from harness.limits import adopt_prices
from harness.pytest_plugin import scenario_run
from harness.recipe.base_model import find_base_model
from harness.recipe.compute import Cluster, provide_cluster
from harness.recipe.connect import Connection, connect
from harness.recipe.data import Splits, fetch_splits
from harness.recipe.deploy import Deployed, deploy
from harness.recipe.environment import modules_of, read_packages
from harness.recipe.finetune import FineTuneJob, fine_tune
from harness.recipe.lineage import shown
from harness.recipe.metrics import fit_of, read_metrics
from harness.recipe.register import RegisteredModel, register
from harness.recipe.score import Answer, Caller, caller, score
from harness.run import Run
from harness.step import step
from harness.training import judged_training, told


@pytest.fixture(scope="package")
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """The run: its target is open, and closes only after everything created was deleted."""
    with scenario_run(request.config, Path(__file__).parent) as run:
        yield run


@step(1, "Connect")
def connection(run: Run) -> Connection:
    run.check("environment", packages=read_packages(modules_of(run.plan)))
    found = connect(run.plan, timestamp=run.timestamp, config=run.target.config)
    hands, limits = SdkHands(found.workspace), run.plan.limits
    run.ledger.describe(
        hands.place,
        run=run.timestamp,
        owner=limits.owner,
        expires=expiry(run.timestamp, limits.keep_hours),
        target=run.target.name,
        ready=run.target.ready,
    )
    run.finalizer = partial(delete_all, hands, run.ledger, limits.patience_seconds)
    run.show(
        workspace=found.workspace.workspace_name,
        region=found.location,
        prices=adopt_prices(run, found.location),
    )
    return found


@step(2, "Base model")
def base_model(run: Run, connection: Connection) -> BaseModel:
    found = find_base_model(connection, run.plan, run.check)
    run.seen = seen(found)
    run.show(model=f"{found.name} {found.version}", defaults=len(found.defaults))
    return found


@step(3, "Compute")
def cluster(run: Run, connection: Connection, base_model: BaseModel) -> Cluster:
    found = provide_cluster(connection, run.plan, base_model, run.ledger, run.check)
    run.show(size=found.size, tier=found.tier, gpus=found.gpus, created=str(found.created))
    return found


@step(4, "Data")
def splits(run: Run, connection: Connection) -> Splits:
    """Gigabytes, maybe: not before it is known that there is somebody to train on them."""
    found = fetch_splits(run.plan, run.folder / "data")
    run.check("data", splits=found.facts, notes=found.notes)
    run.show(**found.rows)
    print(found.preview)
    return found


@step(5, "Fine-tune job")
def job(
    run: Run, connection: Connection, base_model: BaseModel, cluster: Cluster, splits: Splits
) -> FineTuneJob:
    done = fine_tune(connection, run.plan, base_model, cluster, splits, run.ledger, run.check)
    run.training = read_metrics(connection, run.plan, done)
    fit = fit_of(run.training, splits)
    run.check("metrics", fit=fit, parameters=done.parameters, base_model=base_model)
    run.show(job=done.name, component=done.component, status=done.status, **shown(done.links))
    return done


@step(6, "Register")
def registered(run: Run, connection: Connection, job: FineTuneJob) -> RegisteredModel:
    done = register(connection, run.plan, job, run.check)
    run.show(model=f"{done.name} {done.version}", **shown(done.links))
    return done


@step(7, "Deploy")
def deployed(run: Run, connection: Connection, registered: RegisteredModel) -> Deployed:
    done = deploy(connection, run.plan, registered, run.ledger, run.check)
    run.show(endpoint=done.endpoint, deployment=done.deployment, size=done.size)
    run.show(**shown(done.links))
    return done


@step(8, "Score")
def answer(
    run: Run, connection: Connection, splits: Splits, job: FineTuneJob, deployed: Deployed
) -> Answer:
    found = score(connection, run.plan, splits, deployed, run.check)
    run.show(shape=found.shape, characters=len(found.text))
    if run.plan.finetune.compare_with_reference:
        asked = caller(connection, deployed, found)
        verdicts = judged_training(run, splits, job, asked).verdicts
        run.show(training=told(verdicts))
        run.check("acceptance", verdicts=verdicts)
    return found


@pytest.fixture(scope="package")
def scoring(connection: Connection, deployed: Deployed, answer: Answer) -> Caller:
    """What the latency measurement sends."""
    return caller(connection, deployed, answer)


@step(9, "Delete")
def cleanup(run: Run) -> Any:
    """Whatever was created by then goes, also when an earlier step broke the run."""
    done = run.clean_up() or Cleanup((), ())
    run.show(deleted=len(done.deleted), left=len(done.leftovers))
    done.check()
    return done
