"""The whole twin as one expression: hosts, what is served under each, what surrounds it."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Host, Route, Router

from harness.twin.asked import MalformedError, malformed_response
from harness.twin.door import Door
from harness.twin.errors import WireFailure, bug_response, failure_response, unserved_response
from harness.twin.headers import CommonHeaders
from harness.twin.log import Log
from harness.twin.routes import (
    blobs,
    computes,
    datastores,
    deployments,
    endpoint_changes,
    endpoints,
    history,
    identity,
    jobs,
    mlflow,
    models,
    operations,
    registry,
    scoring,
    workspace,
)
from harness.twin.state import Twin
from harness.twin.trouble import Trouble
from harness.wire.operations import Operation

SERVED: tuple[tuple[Operation, Route], ...] = (
    *identity.routes,
    *workspace.routes,
    *registry.routes,
    *computes.routes,
    *datastores.routes,
    *jobs.routes,
    *models.routes,
    *endpoints.routes,
    *endpoint_changes.routes,
    *deployments.routes,
    *operations.routes,
    *history.routes,
    *mlflow.routes,
    *blobs.routes,
    *scoring.routes,
)


def create(twin: Twin, *, verbose: bool = False) -> Starlette:
    """The application that answers for this twin."""
    app = Starlette(
        routes=hosts(SERVED),
        middleware=[
            *([Middleware(Log)] if verbose else []),
            Middleware(CommonHeaders, settings=twin.settings),
            Middleware(Door, twin=twin),
            Middleware(
                Trouble,
                faults=twin.faults,
                identity=twin.identity,
                retry_headers=twin.operations.pace_headers(),
            ),
        ],
        exception_handlers={
            WireFailure: failure_response,
            MalformedError: malformed_response,
            HTTPException: unserved_response,
            Exception: bug_response,
        },
    )
    app.state.twin = twin
    return app


def hosts(served: Iterable[tuple[Operation, Route]]) -> list[Host]:
    """One router a host, its routes in the order in which they were declared."""
    by_host: dict[str, list[Route]] = {}
    for operation, route in served:
        by_host.setdefault(operation.host, []).append(route)
    return [Host(host, Router(routes)) for host, routes in by_host.items()]
