"""Virtual machine sizes and the subscription's quota: what there is and how much of it is free."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from harness.twin.settings import Settings
from harness.twin.store import Store

NO_LIMIT = -1  # as usages show it
_RESERVE = 1.2  # managed endpoints need room for upgrades: ceil(1.2 n) instances' worth of cores


@dataclass(frozen=True)
class Size:
    """One size; `family` is the quota it draws on, `retired` the day it went, if it has."""

    name: str
    family: str
    vcpus: int
    gpus: int
    memory_gb: float
    low_priority: bool = True
    endpoints: bool = False  # may carry a managed online deployment
    reserve: bool = True  # counts with the reserve for upgrades
    retired: str | None = None

    def body(self) -> dict[str, Any]:
        """As an item of vmSizes."""
        kinds = ["AmlCompute", "ComputeInstance"] + (["MIR"] if self.endpoints else [])
        return {
            "name": self.name,
            "family": self.family,
            "vCPUs": self.vcpus,
            "gpus": self.gpus,
            "osVhdSizeMB": 1_047_552,
            "maxResourceVolumeMB": 10_240,
            "memoryGB": self.memory_gb,
            "lowPriorityCapable": self.low_priority,
            "premiumIO": True,
            "supportedComputeTypes": kinds,
            "generation": "gen1",
            "supportsIB": "r_" in self.name.lower() or "nd" in self.name.lower(),
        }

    def cores_for(self, instances: int) -> int:
        """Cores of quota that a deployment of so many instances needs."""
        count = math.ceil(instances * _RESERVE) if self.reserve else instances
        return count * self.vcpus


@dataclass(frozen=True)
class Quota:
    """What one family may use: cores."""

    family: str
    label: str  # how messages call it
    limit: int
    low_priority: int = NO_LIMIT


def find(name: str) -> Size | None:
    """The size of that name, whatever the case."""
    return _by_name().get(name.lower())


@cache
def sizes() -> tuple[Size, ...]:
    """All sizes, as in seed/vm_sizes.json."""
    return tuple(Size(**item) for item in _seed("vm_sizes.json")["sizes"])


@cache
def quotas() -> dict[str, Quota]:
    """Quota by family, as in seed/quota.json."""
    items = (Quota(**item) for item in _seed("quota.json")["families"])
    return {quota.family: quota for quota in items}


@cache
def low_priority_total() -> int:
    """Cores of low priority that all families together may use."""
    return int(_seed("quota.json")["low_priority_total"])


def cores_in_use(store: Store, family: str) -> int:
    """Cores that all deployments of this family hold now; idle clusters hold none."""
    total = 0
    for deployment in store.list("deployment"):
        size = find(deployment["instanceType"] or "")
        if size and size.family == family:
            total += size.cores_for(deployment["instanceCount"])
    return total


def gone(size: Size, settings: Settings) -> bool:
    """Whether the size is retired in the twin's era."""
    return bool(size.retired) and settings.era == "today"


@cache
def _by_name() -> dict[str, Size]:
    return {size.name.lower(): size for size in sizes()}


def _seed(name: str) -> dict[str, Any]:
    text = files("harness.twin.seed").joinpath(name).read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
