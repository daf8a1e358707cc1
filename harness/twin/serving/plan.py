"""What a deployment's document asks for, read once before anything starts."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.twin.blob_files import link
from harness.twin.blob_store import BlobStore
from harness.twin.settings import Pace
from harness.twin.store import Document, Store

DURATION = re.compile(  # ISO 8601, as far as the service uses it
    r"P(?=T?\d)(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
_FAST = 0.1  # at pace fast, waiting for a container to become ready is cut to a tenth


@dataclass(frozen=True)
class Probe:
    """How a container is asked whether it is well. Times in seconds."""

    initial_delay: float
    period: float
    timeout: float
    failures: int  # in a row, then the container is given up
    successes: int

    @property
    def patience(self) -> float:
        """How long a container may take to become ready."""
        return self.initial_delay + self.period * self.failures


@dataclass(frozen=True)
class Plan:
    """One deployment to run."""

    endpoint: str
    name: str
    model: str  # "name/version"
    registry: bool  # whether it is a model of the registry, not one registered in the workspace
    instances: int
    variables: dict[str, str]
    liveness: Probe
    readiness: Probe


def read(document: Document, pace: Pace) -> Plan:
    """The plan in a document of kind "deployment"; probes scaled to the pace.

    Raises ValueError naming the field when a duration is not ISO 8601 ("PT10S").
    """
    return Plan(
        endpoint=document["endpoint"],
        name=document["name"],
        model=model_key(document["model"]),
        registry=in_registry(document["model"]),
        instances=int(document.get("instanceCount") or 1),
        variables={**(document.get("environmentVariables") or {})},
        liveness=_probe(document.get("livenessProbe"), 1.0),
        readiness=_probe(document.get("readinessProbe"), 1.0 if pace == "azure" else _FAST),
    )


def model_key(model: str) -> str:
    """`name/version` of a model's id, as ARM, a registry and the SDK spell it."""
    if "/models/" in model:
        name, _, version = model.partition("/models/")[2].partition("/versions/")
        return f"{name}/{version}"
    return "/".join(model.removeprefix("azureml:").rsplit(":", 1))


def in_registry(model: str) -> bool:
    """Whether a model's id names one of a registry."""
    return model.lower().startswith("azureml://registries/")


def registered_folder(plan: Plan, store: Store, blobs: BlobStore) -> Path:
    """The registered model's files. Raises FileNotFoundError when it is not there or has none."""
    registered = store.get("model", plan.model) or {}
    source = blobs.folder(blobs.workspace_container) / (registered.get("path") or ".missing")
    if not source.is_dir():
        raise FileNotFoundError(f"model {plan.model.replace('/', ':')} has no files")
    return source


def model_folder(plan: Plan, source: Path, below: Path) -> Path:
    """A model's files as a container sees them, `below`/<name>/<version>/...

    Links where the disk allows, and its own: deleting the model does not touch what is deployed.
    """
    target = below / plan.model
    unwanted = shutil.ignore_patterns("*.py", "__pycache__")
    shutil.copytree(source, target / source.name, ignore=unwanted, copy_function=link)
    return target


def seconds(duration: str) -> float:
    """An ISO 8601 duration in seconds. Raises ValueError."""
    found = DURATION.fullmatch(duration)
    if not found:
        raise ValueError(f"{duration!r} is not an ISO 8601 duration such as PT90S")
    return sum(float(found[name] or 0) * size for name, size in _SECONDS.items())


def _probe(asked: dict[str, Any] | None, scale: float) -> Probe:
    """Defaults are those of the recorded create of a deployment."""
    given = asked or {}
    return Probe(
        initial_delay=seconds(given.get("initialDelay") or "PT10S") * scale,
        period=seconds(given.get("period") or "PT10S") * scale,
        timeout=seconds(given.get("timeout") or "PT2S"),
        failures=int(given.get("failureThreshold") or 30),
        successes=int(given.get("successThreshold") or 1),
    )
