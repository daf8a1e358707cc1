"""Clusters: PUT says Creating; 30 s later GET says Succeeded, or Failed with the reason in it.

Quota is not an HTTP error: a cluster that does not fit is accepted, and its GET shows
provisioningState "Failed" with provisioningErrors. An unknown one is 404 without a body.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin import quota, shapes, sizes
from harness.twin.asked import body_of, check, spelled
from harness.twin.errors import empty_not_found
from harness.twin.lifecycle import stamp
from harness.twin.routing import on
from harness.twin.settings import Settings
from harness.twin.state import twin
from harness.twin.store import Document

_NODES = ("preparing", "running", "idle", "unusable", "leaving", "preempted")


@dataclass(frozen=True)
class Cluster:
    """One AmlCompute cluster: its document, as two kinds of answer show it."""

    settings: Settings
    document: Document

    def body(self) -> dict[str, Any]:
        """As GET and LIST show it."""
        return self._resource(self.document["tags"] or {}, self.document["provisioningState"])

    def accepted(self) -> dict[str, Any]:
        """As the 201 of a PUT shows it: Creating, and nothing known about nodes."""
        return self._resource(self.document["tags"], "Creating")

    def _resource(self, tags: dict[str, str] | None, state: str) -> dict[str, Any]:
        document = self.document
        return {
            "id": f"{self.settings.workspace_id}/computes/{document['name']}",
            "name": document["name"],
            "type": "Microsoft.MachineLearningServices/workspaces/computes",
            "location": document["location"],
            "tags": tags,
            "properties": {
                "createdOn": stamp(document["created"]),
                "modifiedOn": stamp(document["modified"]),
                "disableLocalAuth": document["disableLocalAuth"],
                "description": document["description"],
                "resourceId": None,
                "computeType": "AmlCompute",
                "computeLocation": document["location"],
                "provisioningState": state,
                "provisioningErrors": _errors(document) if state == "Failed" else None,
                "provisioningWarnings": None,
                "isAttachedCompute": False,
                "properties": self._nodes(state),
            },
        }

    def _nodes(self, state: str) -> dict[str, Any]:
        asked, up = self.document["asked"], state == "Succeeded"
        count = asked["scaleSettings"].get("minNodeCount") or 0
        found = {
            "vmSize": self.document["vmSize"],
            "vmPriority": asked["vmPriority"],
            "scaleSettings": asked["scaleSettings"],
            "subnet": None,
            "currentNodeCount": count if up else None,
            "targetNodeCount": count if up else None,
            "nodeStateCounts": _counts(count) if up else None,
            "allocationState": "Steady" if up else None,
            "allocationStateTransitionTime": stamp(self.document["modified"]) if up else None,
            "errors": None,
            "remoteLoginPortPublicAccess": asked.get("remoteLoginPortPublicAccess")
            or "NotSpecified",
            "osType": asked.get("osType") or "Linux",
            "virtualMachineImage": None,
            "isolatedNetwork": False,
            "enableNodePublicIp": asked.get("enableNodePublicIp", True),
            "enableBatchPrivateLink": False,
            "propertyBag": {} if up else None,
        }
        missing = () if up else ("allocationStateTransitionTime", "propertyBag")
        return {key: value for key, value in found.items() if key not in missing}


def list_(request: Request) -> Response:
    """GET all clusters."""
    here = twin(request)
    found = [Cluster(here.settings, document) for document in here.operations.listed("compute")]
    return JSONResponse({"value": [cluster.body() for cluster in found]})


def get(request: Request) -> Response:
    """GET one; 404 with no body at all when there is none."""
    here = twin(request)
    document = here.operations.settle("compute", request.path_params["name"])
    if document is None:
        raise empty_not_found()
    return JSONResponse(Cluster(here.settings, document).body())


async def create(request: Request) -> Response:
    """PUT: 201 for a new one and for a change."""
    here, name = twin(request), request.path_params["name"]
    asked = await body_of(request, shapes.CLUSTER)
    check(name, shapes.CLUSTER_NAME, "the cluster's name")
    document = _document(name, asked, here.store.get("compute", name))
    document["failure"] = quota.cluster_failure(here.settings, document)
    here.store.put("compute", name, document)
    ends = here.faults.ends("compute.create")
    operation = here.operations.begin(
        "compute.create", "compute", name, forced=ends.state if ends else None
    )
    headers = here.operations.headers(operation, _version(request))
    return JSONResponse(Cluster(here.settings, document).accepted(), 201, headers)


def delete(request: Request) -> Response:
    """DELETE: 202 without a body; 204 when there is nothing to delete."""
    here, name = twin(request), request.path_params["name"]
    if here.operations.settle("compute", name) is None:
        return Response(status_code=204)
    ends = here.faults.ends("compute.delete")
    operation = here.operations.begin(
        "compute.delete", "compute", name, forced=ends.state if ends else None
    )
    here.store.update("compute", name, provisioningState="Deleting")
    return Response(status_code=202, headers=here.operations.headers(operation, _version(request)))


def list_sizes(request: Request) -> Response:
    """GET vmSizes: names in mixed case here, in upper case on a cluster."""
    return JSONResponse({"value": [size.body() for size in sizes.sizes()]})


def list_usages(request: Request) -> Response:
    """GET usages: cores in use and allowed, by family and tier."""
    here = twin(request)
    subscription = f"/subscriptions/{here.settings.subscription}"
    return JSONResponse({"value": [each.body(subscription) for each in quota.usages(here)]})


def _document(name: str, asked: dict[str, Any], old: Document | None) -> Document:
    """What the store keeps of a PUT. Credentials of the nodes' administrator are not kept."""
    now, properties = time.time(), asked["properties"]
    inner = {**(properties.get("properties") or {})}
    inner.pop("userAccountCredentials", None)
    inner.setdefault("scaleSettings", {"maxNodeCount": 1, "minNodeCount": 0})
    inner["vmPriority"] = spelled(shapes.PRIORITIES, inner.get("vmPriority") or "Dedicated")
    return {
        "name": name,
        "location": asked.get("location"),
        "tags": asked.get("tags"),
        "created": old["created"] if old else now,
        "modified": now,
        "description": properties.get("description"),
        "disableLocalAuth": properties.get("disableLocalAuth") or False,
        "vmSize": (inner.get("vmSize") or "").upper(),
        "asked": inner,
        "provisioningState": "Creating",
    }


def _errors(document: Document) -> list[dict[str, Any]] | None:
    failure = document.get("failure")
    return [{"error": failure}] if failure else None


def _counts(idle: int) -> dict[str, int]:
    return {f"{word}NodeCount": idle if word == "idle" else 0 for word in _NODES}


def _version(request: Request) -> str:
    return request.query_params.get("api-version", "")


routes = [
    on("compute.list", list_),
    on("compute.get", get),
    on("compute.create", create),
    on("compute.delete", delete),
    on("vm_size.list", list_sizes),
    on("usage.list", list_usages),
]
