"""What fits the subscription. A cluster hears later that it does not, a deployment at once."""

from __future__ import annotations

import json
from dataclasses import dataclass

from harness.twin import sizes
from harness.twin.errors import WireFailure, refused
from harness.twin.settings import Settings
from harness.twin.state import Twin
from harness.twin.store import Document

_GUIDE = (
    "Talk to your Subscription Admin or refer to https://docs.microsoft.com/azure/machine-learning/"
    "how-to-manage-quotas#request-quota-increases to increase the family quota"
)


@dataclass(frozen=True)
class Usage:
    """One line of usages: cores of a kind, in use and allowed."""

    kind: str  # the last but one part of its type
    name: str
    words: str
    limit: int
    used: int = 0
    address: str = ""

    def body(self, subscription: str) -> Document:
        """As an item of usages."""
        return {
            "unit": "Count",
            "currentValue": self.used,
            "limit": self.limit,
            "name": {"value": self.name, "localizedValue": self.words},
            "type": f"Microsoft.MachineLearningServices/{self.kind}/usages",
            "id": f"{subscription}{self.address}",
        }


def usages(here: Twin) -> list[Usage]:
    """Low priority in total, then each family: Dedicated as recorded, LowPriority as in the example
    of Azure's REST description. Clusters hold no cores here, so low priority is never in use."""
    words = "Total Cluster LowPriority Regional vCPUs"
    limit = sizes.low_priority_total()
    found = [Usage("totalLowPriorityCores", "TotalLowPriorityCores", words, limit)]
    for each in sizes.quotas().values():
        used, address = sizes.cores_in_use(here.store, each.family), _address(each.family)
        words = f"{each.label} Cluster Dedicated vCPUs"
        kind = "vmFamily/dedicatedCores"
        found.append(Usage(kind, each.family, words, each.limit, used, address))
        words = f"{each.label} Cluster LowPriority vCPUs"
        found.append(Usage("vmFamily", words, words, each.low_priority, address=_address(words)))
    return found


def cluster_failure(settings: Settings, document: Document) -> Document | None:
    """Why a cluster will fail: its size, then the cores of its tier; None when it will not.

    Recorded for Dedicated, even with no minimum of nodes. Ours for LowPriority: users report that
    Azure does not check those when they are created; the text here follows that of Dedicated.
    """
    size = sizes.find(document["vmSize"])
    if size is None or sizes.gone(size, settings):
        region = document["location"] or settings.region
        text = f"{document['vmSize']} is not supported in region {region}."
        return {
            "code": "VmSizeNotSupported",
            "message": f"{text} Please choose a different VM size.",
        }
    nodes = max(document["asked"]["scaleSettings"].get("minNodeCount") or 0, 1)
    cores = nodes * size.vcpus
    for label, limit in _limits(size, document["asked"]["vmPriority"]):
        if limit != sizes.NO_LIMIT and cores > limit:
            return _too_many(label, limit, nodes, cores)
    return None


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


def _address(name: str) -> str:
    return f"/usages/{name.replace(' ', '_')}"


def _limits(size: sizes.Size, priority: str) -> list[tuple[str, int]]:
    """What holds for a cluster of that tier: how messages call it, and cores."""
    quota = sizes.quotas()[size.family]
    if priority == "Dedicated":
        return [(quota.label, quota.limit)]
    return [
        (f"{quota.label} LowPriority", quota.low_priority),
        ("total LowPriority", sizes.low_priority_total()),
    ]


def _too_many(label: str, limit: int, nodes: int, cores: int) -> Document:
    return {
        "code": "ClusterMinNodesExceedCoreQuota",
        "message": f"The specified subscription has a {label} vCPU quota of {limit} "
        f"and cannot accomodate for at least {nodes} requested managed compute nodes which maps "
        f"to {cores} vCPUs. {_GUIDE}",
    }


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
