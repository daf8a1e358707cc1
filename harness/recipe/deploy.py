"""Step 7: endpoint, deployment, traffic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harness.checks.facts import Link, Rollout, Traffic
from harness.janitor.tags import tags
from harness.recipe.failing import doing, reason
from harness.recipe.logs import keep_log, log_file, log_kept, read_log
from harness.recipe.plain import plain

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.janitor.ledger import Ledger
    from harness.plan import Plan
    from harness.recipe.connect import Connection
    from harness.recipe.register import RegisteredModel

_LOG_LINES = 100


@dataclass(frozen=True)
class Deployed:
    """A healthy deployment with all of its endpoint's traffic."""

    endpoint: str
    deployment: str
    size: str
    state: str
    traffic: dict[str, int]
    scoring_uri: str
    links: tuple[Link, ...] = ()

    @property
    def facts(self) -> Traffic:
        """What is judged of it."""
        return Traffic(self.endpoint, self.deployment, self.state, self.traffic)


def deploy(
    connection: Connection, plan: Plan, registered: RegisteredModel, ledger: Ledger, judge: Judge
) -> Deployed:
    """Create the endpoint, the deployment, and route all traffic to it.

    Raises DeployError with the deployment's logs when it does not become healthy. Its size was
    checked at step 3, before anything was created.
    """
    endpoint = f"{plan.endpoint.prefix}{connection.timestamp}"
    ledger.expect("endpoint", endpoint, plan.deployment.size, plan.deployment.instance_count)
    _create_endpoint(connection, plan, endpoint)
    ledger.answered("endpoint", endpoint)
    log = log_file(plan, ledger.path.parent)
    _create_deployment(connection, plan, endpoint, registered, judge, log)
    deployed = _route_all(connection, plan, endpoint, registered)
    with log_kept(connection, endpoint, deployed.deployment, log):
        judge("deployment", deployed=replace(deployed.facts, log=log))
    judge("lineage", links=deployed.links)
    return deployed


def _create_endpoint(connection: Connection, plan: Plan, name: str) -> None:
    from azure.ai.ml.entities import ManagedOnlineEndpoint

    endpoint = ManagedOnlineEndpoint(
        name=name,
        description=f"Online endpoint for {plan.register.name}, "
        "fine tuned model for ultrachat-200k-chat-completion",
        auth_mode="key",
        tags=tags(plan, connection.timestamp),
    )
    with doing(f"creating endpoint {name}", "az ml online-endpoint list --output table"):
        connection.workspace.online_endpoints.begin_create_or_update(endpoint).wait()


def _create_deployment(
    connection: Connection,
    plan: Plan,
    endpoint: str,
    registered: RegisteredModel,
    judge: Judge,
    log: str,
) -> None:
    from azure.ai.ml.entities import ManagedOnlineDeployment, OnlineRequestSettings, ProbeSettings
    from azure.core.exceptions import HttpResponseError

    wanted = plan.deployment
    deployment = ManagedOnlineDeployment(
        name=wanted.name,
        endpoint_name=endpoint,
        model=registered.id,
        instance_type=wanted.size,
        instance_count=wanted.instance_count,
        liveness_probe=ProbeSettings(initial_delay=wanted.liveness_initial_delay),
        request_settings=OnlineRequestSettings(request_timeout_ms=wanted.request_timeout_ms),
        tags=tags(plan, connection.timestamp),
    )
    try:
        connection.workspace.online_deployments.begin_create_or_update(deployment).wait()
    except HttpResponseError as error:
        why = reason(error)
        judge("rollout", failure=_failure(connection, plan, endpoint, registered, why, log))
        raise
    state = plain(
        connection.workspace.online_deployments.get(wanted.name, endpoint).provisioning_state
    )
    if state != "Succeeded":
        why = f"provisioning state is {state}"
        judge("rollout", failure=_failure(connection, plan, endpoint, registered, why, log))


def _failure(
    connection: Connection,
    plan: Plan,
    endpoint: str,
    registered: RegisteredModel,
    why: str,
    log: str,
) -> Rollout:
    """The reason, with the logs that explain it; they are kept as well."""
    name = plan.deployment.name
    logs = read_log(connection, endpoint, name, _LOG_LINES)
    if log:
        keep_log(connection, logs, log)
    model = f"--name {registered.name} --version {registered.version}"
    return Rollout(endpoint, name, plan.deployment.size, why, logs, model, log)


def _route_all(
    connection: Connection, plan: Plan, name: str, registered: RegisteredModel
) -> Deployed:
    endpoints = connection.workspace.online_endpoints
    with doing(
        f"sending all traffic of endpoint {name} to {plan.deployment.name}",
        f"az ml online-endpoint show --name {name}",
    ):
        endpoint = endpoints.get(name)
        endpoint.traffic = {plan.deployment.name: 100}
        endpoints.begin_create_or_update(endpoint).wait()
    ready = endpoints.get(name)
    deployment = connection.workspace.online_deployments.get(plan.deployment.name, name)
    address = urlsplit(ready.scoring_uri).netloc.split(".")[0]
    return Deployed(
        endpoint=name,
        deployment=plan.deployment.name,
        size=str(deployment.instance_type),
        state=plain(deployment.provisioning_state),
        traffic={str(key): int(value) for key, value in (ready.traffic or {}).items()},
        scoring_uri=str(ready.scoring_uri),
        links=(
            Link("registered model -> deployment", registered.id, _id(deployment.model)),
            Link("endpoint -> its address", name, address),
        ),
    )


def _id(model: Any) -> str | None:
    """The id of the deployed model, which the SDK hands on as text or as a model."""
    return str(getattr(model, "id", model)) if model else None
