"""All checks, in the order of the run. To add one: write the function, add its line here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Protocol

from harness.checks import (
    acceptance,
    answer,
    cluster,
    compute,
    contract,
    data,
    deployment,
    drift,
    endpoint,
    environment,
    job,
    lineage,
    metrics,
    model,
    quota,
    registry,
    rollout,
)
from harness.checks.finding import Finding
from harness.errors import AnswerError, DeployError, JobError, RefusedError, StepError


@dataclass(frozen=True)
class Check:
    """A function from facts to findings. Name, needs and sentence are the function's own."""

    step: int
    function: Callable[..., Iterable[Finding]]

    @property
    def group(self) -> str:
        """The checks that run at the same moment: those of one module."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        """`group.function`."""
        return f"{self.group}.{self.function.__name__}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The facts it judges."""
        return tuple(signature(self.function).parameters)

    @property
    def about(self) -> str:
        """What must hold, in a line."""
        return (self.function.__doc__ or "").splitlines()[0]


CHECKS = (
    Check(1, environment.known_bad),
    Check(1, environment.imports),
    Check(1, environment.mlflow),
    Check(1, environment.requirements),
    Check(2, registry.has),
    Check(2, model.tags),
    Check(2, model.archived),
    Check(2, model.retired),
    Check(2, model.pinned),
    Check(2, contract.names),
    Check(2, contract.values),
    Check(2, contract.together),
    Check(2, contract.required),
    Check(2, contract.outputs),
    Check(2, contract.precedence),
    Check(2, contract.winners),
    Check(2, drift.model),
    Check(2, drift.component),
    Check(3, compute.allowed),
    Check(3, compute.spec),
    Check(3, compute.offered),
    Check(3, compute.gpus),
    Check(3, compute.nodes),
    Check(3, compute.retired),
    Check(3, compute.defaults),
    Check(3, quota.cores),
    Check(3, compute.existing),
    Check(3, endpoint.name),
    Check(3, endpoint.timeouts),
    Check(3, cluster.created),
    Check(4, data.rows),
    Check(4, data.rules),
    Check(4, data.prompts),
    Check(5, job.completed),
    Check(5, lineage.unbroken),
    Check(5, metrics.finite),
    Check(5, metrics.falls),
    Check(5, metrics.too_good),
    Check(5, metrics.points),
    Check(5, metrics.rates),
    Check(5, metrics.tokens),
    Check(7, rollout.came_up),
    Check(7, deployment.healthy),
    Check(7, deployment.traffic),
    Check(8, answer.shape),
    Check(8, answer.empty),
    Check(8, answer.echo),
    Check(8, answer.repeated),
    Check(8, answer.length),
    Check(8, answer.headers),
    Check(8, acceptance.reference),
)
STOPS: dict[str, type[StepError]] = {
    "job": JobError,
    "metrics": JobError,
    "lineage": StepError,
    "rollout": DeployError,
    "deployment": DeployError,
    "answer": AnswerError,
    "acceptance": JobError,
}  # what an error of a group raises, if not RefusedError


class Judge(Protocol):
    """Who runs the checks of a group: notes what they find, and raises for errors."""

    def __call__(self, group: str, /, **facts: Any) -> None:
        """Run the checks of `group` on these facts."""


def judged(group: str, facts: dict[str, Any]) -> list[Finding]:
    """What the checks of a group have to say of these facts; KeyError when one is missing."""
    return [
        replace(finding, check=check.name)
        for check in CHECKS
        if check.group == group
        for finding in check.function(**{need: facts[need] for need in check.needs})
    ]


def stop(group: str, found: Iterable[Finding]) -> None:
    """Raise the group's error for the errors among the findings, if there are any."""
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise STOPS.get(group, RefusedError)("\n".join(map(str, errors)))
