"""How each kind of thing goes away, and how we know that it did. One `Kind` per resource."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

TERMINAL = ("Completed", "Failed", "Canceled")


@dataclass(frozen=True)
class Kind:
    """Delete, read one, list names; `gone` says whether what was read counts as absent."""

    delete: Callable[[MLClient, str], None]
    get: Callable[[MLClient, str], Any]
    names: Callable[[MLClient], list[str]] | None  # None: listed for ever, as jobs are
    gone: Callable[[Any], bool]
    by_hand: str


def _delete_endpoint(client: MLClient, name: str) -> None:
    client.online_endpoints.begin_delete(name).wait()


def _delete_compute(client: MLClient, name: str) -> None:
    client.compute.begin_delete(name).wait()


def _cancel_job(client: MLClient, name: str) -> None:
    client.jobs.begin_cancel(name).wait()


def _ended(job: Any) -> bool:
    # newer SDKs answer with an enum
    return str(getattr(job.status, "value", job.status)) in TERMINAL


KINDS: dict[str, Kind] = {
    "endpoint": Kind(
        delete=_delete_endpoint,
        get=lambda client, name: client.online_endpoints.get(name),
        names=lambda client: [str(endpoint.name) for endpoint in client.online_endpoints.list()],
        gone=lambda endpoint: False,
        by_hand="az ml online-endpoint delete --yes --name {name}",
    ),
    "compute": Kind(
        delete=_delete_compute,
        get=lambda client, name: client.compute.get(name),
        names=lambda client: [str(compute.name) for compute in client.compute.list()],
        gone=lambda compute: False,
        by_hand="az ml compute delete --yes --name {name}",
    ),
    "job": Kind(  # a job that ended costs nothing; it is canceled, not deleted
        delete=_cancel_job,
        get=lambda client, name: client.jobs.get(name),
        names=None,
        gone=_ended,
        by_hand="az ml job cancel --name {name}",
    ),
}
