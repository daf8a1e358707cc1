"""A twin, a whole clean run of the recipe on it in this process, and where plants go on from it.

The clean run is paid for once; a plant does again only the step where it would be noticed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from harness.acceptance.facts import RunFacts
from harness.checks.catalogue import judged, stop
from harness.checks.facts import BaseModel
from harness.checks.finding import Finding
from harness.janitor.delete import Cleanup, delete_all
from harness.janitor.ledger import Ledger
from harness.janitor.sdk_hands import SdkHands
from harness.plan import Plan
from harness.plan_file import read_plan
from harness.recipe.base_model import find_base_model
from harness.recipe.compute import Cluster, provide_cluster
from harness.recipe.connect import Connection, connect
from harness.recipe.data import Splits, fetch_splits
from harness.recipe.deploy import Deployed, deploy
from harness.recipe.environment import read_packages
from harness.recipe.finetune import FineTuneJob, fine_tune
from harness.recipe.metrics import TrainingMetrics, fit_of, read_metrics
from harness.recipe.register import RegisteredModel, register
from harness.recipe.score import Answer, caller, score
from harness.targets.target import Target
from harness.targets.twin import open_twin, running_twin
from harness.training import judged_training
from harness.wire.hook import hooked
from harness.wire.operations import name_of
from tests.checks.made import SHIPPED
from tests.checks.plant import MAY_2024, Edit, Plant

CALM = ('finetune.ignore_model_defaults=["num_train_epochs"]', "training.num_train_epochs=1")
STAMPS = count(1_700_000_000)


@dataclass
class Hearing:
    """Runs the checks as a run does, keeps what they find, and stops the step at an error.

    It looks on where `stops` is False, as preflight does.
    """

    plan: Plan
    day: Any = MAY_2024
    earlier: Any = None
    stops: bool = True
    found: list[Finding] = field(default_factory=list)

    def __call__(self, group: str, /, **facts: Any) -> None:
        """As `Run.check`."""
        shared = {"plan": self.plan, "day": self.day, "earlier": self.earlier}
        said = judged(group, shared | facts)
        self.found += said
        if self.stops:
            stop(group, said)

    @property
    def said(self) -> list[Finding]:
        """Without what is merely worth knowing."""
        return [each for each in self.found if each.severity != "info"]


@dataclass(frozen=True)
class Trained:
    """As much of a `Run` as `judged_training` reads."""

    plan: Plan
    target: Target
    folder: Path
    training: TrainingMetrics


@dataclass(frozen=True)
class Bed:
    """What every step of the clean run left, and all answers the twin gave in it."""

    folder: Path
    ready: Path
    connection: Connection
    base_model: BaseModel
    cluster: Cluster
    splits: Splits
    job: FineTuneJob
    registered: RegisteredModel
    deployed: Deployed
    answer: Answer
    trained: Trained
    facts: RunFacts
    ledger: Ledger
    hearing: Hearing
    bodies: dict[str, Any]

    @property
    def state(self) -> Path:
        """The twin's folder."""
        return self.ready.parent

    @property
    def struck(self) -> Path:
        """Where the twin says which faults have struck."""
        return self.state / "faults.struck"

    def later(self) -> Connection:
        """The same clients in a run of its own: other names, and nothing fetched yet."""
        return replace(self.connection, timestamp=str(next(STAMPS)), components={})

    def faults(self, plant: Plant) -> Iterator[str]:
        """The plant's faults, and its edits as faults: the clean run's answer, changed."""
        prompt = json.loads(self.request().read_text())["input_data"]["input_string"][0]
        said = json.dumps(prompt[-1]["content"])[1:-1]
        yield from (fault.replace("{prompt}", said) for fault in plant.faults)
        for each in plant.edits:
            yield f"answers:{each.operation}:{_times(plant, each)}{self._edited(each)}"

    def request(self) -> Path:
        """What step 8 sent."""
        return self.splits.folder / "sample_score.json"

    def _edited(self, edit: Edit) -> str:
        body = copy.deepcopy(self.bodies[edit.operation])
        edit.change(body)
        return json.dumps(body)

    def tidy(self) -> Cleanup:
        """Delete all that the ledger holds."""
        hands = SdkHands(self.connection.workspace)
        return delete_all(hands, self.ledger, 60)


def _times(plant: Plant, edit: Edit) -> str:
    """How often an answer is given before the next edit of the same operation takes over."""
    following = [each for each in plant.edits if each.operation == edit.operation]
    last = following[-1]
    return "" if edit is last else f"times={last.after},"


@contextmanager
def clean_run(folder: Path) -> Iterator[Bed]:
    """All nine steps on a twin of their own; the twin stays for the plants."""
    with ExitStack() as stack:
        ready = stack.enter_context(running_twin(folder))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("HARNESS_TWIN_READY", str(ready))
        plan = plan_of()
        target = stack.enter_context(open_twin(plan, folder / "run"))
        bodies: dict[str, Any] = {}
        with hooked(_kept_in(bodies)):
            bed = _all_steps(plan, folder, ready, target, bodies)
        yield bed
        assert not bed.tidy().leftovers


def plan_of(*settings: str) -> Plan:
    """The shipped plan with the one default taken out that overrules it, and put in its place."""
    return read_plan(SHIPPED, "twin", [*CALM, *settings])


def _kept_in(bodies: dict[str, Any]) -> Callable[..., Any]:
    def through(send: Any, adapter: Any, request: Any, arguments: Any) -> Any:
        response = send(adapter, request, **arguments)
        name = name_of(str(request.method), str(request.url))
        with suppress(ValueError):
            bodies[str(name)] = response.json()
        return response

    return through


def _all_steps(
    plan: Plan, folder: Path, ready: Path, target: Target, bodies: dict[str, Any]
) -> Bed:
    judge, ledger = Hearing(plan), Ledger(folder / "ledger.jsonl")
    judge("environment", packages=read_packages())
    connection = connect(plan, timestamp=str(next(STAMPS)), config=target.config)
    place = SdkHands(connection.workspace).place
    ledger.describe(
        place, run="1", owner="tests", expires="2099-01-01", target="twin", ready=str(ready)
    )
    model = find_base_model(connection, plan, judge)
    cluster = provide_cluster(connection, plan, model, ledger, judge)
    splits = fetch_splits(plan, folder / "data")
    judge("data", splits=splits.facts, notes=splits.notes)
    job = fine_tune(connection, plan, model, cluster, splits, ledger, judge)
    trained = Trained(plan, target, folder, read_metrics(connection, plan, job))
    fit = fit_of(trained.training, splits)
    judge("metrics", fit=fit, parameters=job.parameters, base_model=model)
    registered = register(connection, plan, job, judge)
    deployed = deploy(connection, plan, registered, ledger, judge)
    answer = score(connection, plan, splits, deployed, judge)
    accepted = judged_training(trained, splits, job, caller(connection, deployed, answer))
    judge("acceptance", verdicts=accepted.verdicts)
    return Bed(
        folder=folder,
        ready=ready,
        connection=connection,
        base_model=model,
        cluster=cluster,
        splits=splits,
        job=job,
        registered=registered,
        deployed=deployed,
        answer=answer,
        trained=trained,
        facts=accepted.facts,
        ledger=ledger,
        hearing=judge,
        bodies=bodies,
    )
