"""What does not fit the subscription: a cluster hears of it later, a deployment at once."""

from __future__ import annotations

import json

from harness.twin import sizes
from harness.twin.errors import WireFailure, refused
from harness.twin.settings import Settings
from harness.twin.state import Twin
from harness.twin.store import Document

_GUIDE = (
    "Talk to your Subscription Admin or refer to https://docs.microsoft.com/azure/machine-learning/"
    "how-to-manage-quotas#request-quota-increases to increase the family quota"
)


def cluster_failure(settings: Settings, document: Document) -> Document | None:
    """Why a cluster will fail, as recorded: size, then quota (low priority needs none)."""
    size = sizes.find(document["vmSize"])
    if size is None or sizes.gone(size, settings):
        region = document["location"] or settings.region
        text = f"{document['vmSize']} is not supported in region {region}."
        return {
            "code": "VmSizeNotSupported",
            "message": f"{text} Please choose a different VM size.",
        }
    quota = sizes.quotas()[size.family]
    nodes = max(document["asked"]["scaleSettings"].get("minNodeCount") or 0, 1)
    cores = nodes * size.vcpus
    if document["asked"].get("vmPriority") == "LowPriority" or cores <= quota.limit:
        return None
    return {
        "code": "ClusterMinNodesExceedCoreQuota",
        "message": f"The specified subscription has a {quota.label} vCPU quota of {quota.limit} "
        f"and cannot accomodate for at least {nodes} requested managed compute nodes which maps "
        f"to {cores} vCPUs. {_GUIDE}",
    }


def check_deployment(here: Twin, document: Document, old: Document | None) -> None:
    """Cores with the reserve for upgrades, less what the deployment holds already.

    Raises WireFailure, 400, as users report it (it is in no recording).
    """
    size = sizes.find(document["instanceType"] or "")
    if size is None or sizes.gone(size, here.settings):
        raise _refusal(here, f"{document['instanceType']} is not a supported VM size.")
    quota = sizes.quotas()[size.family]
    used = sizes.cores_in_use(here.store, size.family) - _held(old, size.family)
    need = size.cores_for(document["instanceCount"])
    if used + need > quota.limit:
        raise _refusal(
            here,
            f"Not enough quota available for {document['instanceType']} in SubscriptionId "
            f"{here.settings.subscription}. Current usage/limit: {used}/{quota.limit}. "
            f"Additional needed: {need} Please see troubleshooting guide, available here: "
            "https://aka.ms/oe-tsg#error-outofquota",
        )


def _held(deployment: Document | None, family: str) -> int:
    size = sizes.find(deployment["instanceType"] or "") if deployment else None
    if deployment is None or size is None or size.family != family:
        return 0
    return size.cores_for(deployment["instanceCount"])


def _refusal(here: Twin, text: str) -> WireFailure:
    inner = json.dumps({"errors": {"VmSize": [text]}, "status": 400})
    detail = json.dumps({"error": {"code": "Validation", "message": inner}})
    details = ("InferencingClientCallFailed", detail)
    message = "The request is invalid."
    region = here.settings.region
    return refused(400, message, code="BadRequest", details=details, region=region)
