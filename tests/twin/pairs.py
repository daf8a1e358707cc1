"""Genuine exchanges of Azure ML, and what can be said about the shape of an answer.

Recorded pairs, when present beside the checkout: HARNESS_AZURE_PAIRS names their file, or it is
`shared/facts/azure-pairs.jsonl` in a folder above. They are not part of the project, and not needed
to test it: what they have in common is (`recorded_shapes.json`).
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.wire.operations import name_of

ROOT = Path(__file__).parents[2]
HOSTS = {  # what the recorders made of hosts
    "Sanitized.azure.com": "management.azure.com",
    "Sanitized.api.azureml.ms": "eastus.api.azureml.ms",
    "Sanitized.experiments.azureml.net": "cert-eastus.experiments.azureml.net",
    "azureml-test.net": "azureml.net",
}
# what has nothing to do with what is answered, or was taken out by the recorders
VOLATILE = (
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "server-timing",
    "transfer-encoding",
    "vary",
    "x-msedge-ref",
    "x-ms-operation-identifier",
    "x-ms-original-request-ids",
    "x-ms-request-id",
    "x-ms-correlation-request-id",
    "x-ms-routing-request-id",
    "x-cache",
    "x-aml-cluster",
    "azureml-served-by-cluster",
    "mise-correlation-id",
    "x-request-time",
    "x-ms-retry-after-ms",
)
OPEN = (  # objects whose keys are data
    "tags",
    "environmentVariables",
    "flavors",
    "traffic",
    "mirrorTraffic",
    "registryFqdns",
    "messageParameters",
    "inputs",
    "outputs",
    "jobs",
    "componentSpec",
    "debugInfo",
    "info",
    "systemMetadata",
    "errors",
    "userAssignedIdentities",
)
Shape = dict[str, set[str]]


@dataclass(frozen=True)
class Pair:
    """One recorded exchange."""

    id: int
    operation: str
    route: str
    status: int
    headers: dict[str, str] | None  # None when the recording has only some
    body: Any


def file() -> Path | None:
    """Where the pairs are, or None."""
    if named := os.environ.get("HARNESS_AZURE_PAIRS"):
        return Path(named)
    places = (each / "shared" / "facts" / "azure-pairs.jsonl" for each in ROOT.parents)
    return next((place for place in places if place.is_file()), None)


def needed_file() -> Path:
    """The same where nothing can be done without. Raises FileNotFoundError."""
    found = file()
    if found is None:
        raise FileNotFoundError("no recorded pairs; name their file in HARNESS_AZURE_PAIRS")
    return found


def recorded(source: Path) -> list[Pair]:
    """All recordings; `operation` is empty where the twin has none."""
    lines = source.read_text(encoding="utf-8").splitlines()
    return [_pair(raw) for raw in map(json.loads, lines) if raw["kind"] == "recording"]


def shape(body: Any) -> Shape:
    """The JSON types at each path, `[]` for the items of a list; open objects are not entered."""
    found: Shape = defaultdict(set)
    for path, kind in _walk(body, ""):
        found[path].add(kind)
    return dict(found)


def always(shapes: Iterable[Shape]) -> set[str]:
    """The paths that are in every shape whose parent object is there."""
    known = list(shapes)
    paths = set().union(*known) if known else set()
    return {
        path for path in paths if all(path in each or not _has_parent(each, path) for each in known)
    }


def ever(shapes: Iterable[Shape]) -> Shape:
    """The paths that are in any shape, with all types seen."""
    found: Shape = defaultdict(set)
    for each in shapes:
        for path, kinds in each.items():
            found[path] |= kinds
    return dict(found)


def names(headers: Iterable[str]) -> set[str]:
    """Header names that say something, in lower case."""
    kept = {name.lower() for name in headers} - set(VOLATILE)
    return {name for name in kept if "ratelimit" not in name}


def _pair(raw: dict[str, Any]) -> Pair:
    url, headers = raw["url"].partition("?")[0], raw["response_headers"]
    for sanitized, real in HOSTS.items():
        url = url.replace(sanitized, real)
    operation = name_of(raw["method"] or "", url) or ""
    partial = raw.get("headers_partial") or not headers
    return Pair(
        raw["id"],
        operation,
        raw["route"],
        raw["status"],
        None if partial else headers,
        raw["response_body"],
    )


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    yield path, _kind(value)
    if isinstance(value, dict) and path.rpartition(".")[2] not in OPEN:
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, f"{path}[]")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "number", float: "number", str: "text", list: "list"}
    return kinds.get(type(value), "object")


def _has_parent(shape: Shape, path: str) -> bool:
    """Whether the object that a path is a key of is there; the items of a list never have to be."""
    return not path.endswith("[]") and "object" in shape.get(path.rpartition(".")[0], ())
