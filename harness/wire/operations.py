"""The operations of the recipe, each declared once: name, method, host, path.

The twin mounts its handlers by these names, faults name them, the report lists them.
Paths and hosts are those the unmodified SDK sends (azure-ai-ml 1.11.1 to 1.35.2 agree on them;
only `api-version` differs, and it is a query parameter).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from urllib.parse import parse_qsl, urlsplit

from harness.errors import WireError

ARM = "management.azure.com"
REGION = "{region}.api.azureml.ms"
REGISTRY = "cert-{region}.experiments.azureml.net"
BLOB = "{account}.blob.core.windows.net"
SCORING = "{endpoint}.{region}.inference.ml.azure.com"
LOGIN = "login.microsoftonline.com"
IDENTITY = "127.0.0.1"

ML = "/providers/Microsoft.MachineLearningServices"
SUB = "/subscriptions/{subscription}"
WS = f"{SUB}/resourceGroups/{{group}}{ML}/workspaces/{{workspace}}"
LOC = f"{SUB}{ML}/locations/{{location}}"
REG = f"/mferp/managementfrontend{SUB}/resourceGroups/{{group}}{ML}/registries/{{registry}}"
HISTORY = f"/history/v1.0{WS}"


@dataclass(frozen=True)
class Operation:
    """One thing a client can ask: `<resource>.<verb>`."""

    name: str
    method: str
    host: str
    path: str
    comp: str | None = None  # the blob service tells operations apart by ?comp= alone


OPERATIONS: tuple[Operation, ...] = (
    Operation("identity.token", "GET", IDENTITY, "/msi/token"),
    Operation("login.discover", "GET", LOGIN, "/{tenant}/v2.0/.well-known/openid-configuration"),
    Operation("login.instances", "GET", LOGIN, "/common/discovery/instance"),
    Operation("login.token", "POST", LOGIN, "/{tenant}/oauth2/v2.0/token"),
    Operation("cloud.list", "GET", ARM, "/metadata/endpoints"),
    Operation("workspace.get", "GET", ARM, WS),
    Operation("workspace.list", "GET", ARM, f"{SUB}/resourceGroups/{{group}}{ML}/workspaces"),
    Operation("vm_size.list", "GET", ARM, f"{LOC}/vmSizes"),
    Operation("usage.list", "GET", ARM, f"{LOC}/usages"),
    Operation("compute.list", "GET", ARM, f"{WS}/computes"),
    Operation("compute.get", "GET", ARM, f"{WS}/computes/{{name}}"),
    Operation("compute.create", "PUT", ARM, f"{WS}/computes/{{name}}"),
    Operation("compute.delete", "DELETE", ARM, f"{WS}/computes/{{name}}"),
    Operation("compute.poll", "GET", ARM, f"{LOC}/computeOperationsStatus/{{id}}"),
    Operation("datastore.list", "GET", ARM, f"{WS}/datastores"),
    Operation("datastore.get", "GET", ARM, f"{WS}/datastores/{{name}}"),
    Operation("datastore.secrets", "POST", ARM, f"{WS}/datastores/{{name}}/listSecrets"),
    Operation("job.list", "GET", ARM, f"{WS}/jobs"),
    Operation("job.get", "GET", ARM, f"{WS}/jobs/{{name}}"),
    Operation("job.submit", "PUT", ARM, f"{WS}/jobs/{{name}}"),
    Operation("job.cancel", "POST", ARM, f"{WS}/jobs/{{name}}/cancel"),
    Operation("model.versions", "GET", ARM, f"{WS}/models/{{name}}/versions"),
    Operation("model.get", "GET", ARM, f"{WS}/models/{{name}}/versions/{{version}}"),
    Operation("model.register", "PUT", ARM, f"{WS}/models/{{name}}/versions/{{version}}"),
    Operation("model.list", "GET", ARM, f"{WS}/models"),
    Operation("model.container", "GET", ARM, f"{WS}/models/{{name}}"),
    Operation("model.delete", "DELETE", ARM, f"{WS}/models/{{name}}/versions/{{version}}"),
    Operation("endpoint.list", "GET", ARM, f"{WS}/onlineEndpoints"),
    Operation("endpoint.get", "GET", ARM, f"{WS}/onlineEndpoints/{{endpoint}}"),
    Operation("endpoint.create", "PUT", ARM, f"{WS}/onlineEndpoints/{{endpoint}}"),
    Operation("endpoint.update", "PATCH", ARM, f"{WS}/onlineEndpoints/{{endpoint}}"),
    Operation("endpoint.delete", "DELETE", ARM, f"{WS}/onlineEndpoints/{{endpoint}}"),
    Operation("endpoint.keys", "POST", ARM, f"{WS}/onlineEndpoints/{{endpoint}}/listKeys"),
    Operation(
        "endpoint.regenerate", "POST", ARM, f"{WS}/onlineEndpoints/{{endpoint}}/regenerateKeys"
    ),
    Operation("endpoint.token", "POST", ARM, f"{WS}/onlineEndpoints/{{endpoint}}/token"),
    Operation("deployment.list", "GET", ARM, f"{WS}/onlineEndpoints/{{endpoint}}/deployments"),
    Operation(
        "deployment.get", "GET", ARM, f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}"
    ),
    Operation(
        "deployment.create", "PUT", ARM, f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}"
    ),
    Operation(
        "deployment.delete",
        "DELETE",
        ARM,
        f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}",
    ),
    Operation(
        "deployment.logs",
        "POST",
        ARM,
        f"{WS}/onlineEndpoints/{{endpoint}}/deployments/{{name}}/getLogs",
    ),
    Operation("operation.poll", "GET", ARM, f"{LOC}/mfeOperationsStatus/{{id}}"),
    Operation("operation.result", "GET", ARM, f"{LOC}/mfeOperationResults/{{id}}"),
    Operation("discovery.get", "GET", REGION, "/discovery"),
    Operation(
        "registry.discover",
        "GET",
        REGION,
        "/registrymanagement/v1.0/registries/{registry}/discovery",
    ),
    Operation("run.details", "GET", REGION, f"{HISTORY}/runs/{{name}}/details"),
    Operation("run.get", "GET", REGION, f"{HISTORY}/runs/{{name}}"),
    Operation("run.children", "GET", REGION, f"{HISTORY}/runs/{{name}}/children"),
    Operation("run.data", "POST", REGION, f"{HISTORY}/rundata"),
    Operation(
        "run.artifacts",
        "GET",
        REGION,
        f"{HISTORY}/experiments/{{experiment}}/runs/{{name}}/artifacts",
    ),
    Operation("data.resolve", "POST", REGION, f"/data/v1.0{WS}/dataversion/batchGetResolvedUris"),
    Operation("mlflow.call", "*", REGION, f"/mlflow/v2.0{WS}/api/2.0/mlflow/{{call:path}}"),
    Operation("registry_model.versions", "GET", REGISTRY, f"{REG}/models/{{name}}/versions"),
    Operation("registry_model.get", "GET", REGISTRY, f"{REG}/models/{{name}}/versions/{{version}}"),
    Operation("registry_model.container", "GET", REGISTRY, f"{REG}/models/{{name}}"),
    Operation(
        "registry_component.versions", "GET", REGISTRY, f"{REG}/components/{{name}}/versions"
    ),
    Operation(
        "registry_component.get",
        "GET",
        REGISTRY,
        f"{REG}/components/{{name}}/versions/{{version}}",
    ),
    Operation("blob.head", "HEAD", BLOB, "/{container}/{blob:path}"),
    Operation("blob.get", "GET", BLOB, "/{container}/{blob:path}"),
    Operation("blob.put", "PUT", BLOB, "/{container}/{blob:path}"),
    Operation("blob.delete", "DELETE", BLOB, "/{container}/{blob:path}"),
    Operation("blob.metadata", "PUT", BLOB, "/{container}/{blob:path}", comp="metadata"),
    Operation("blob.block", "PUT", BLOB, "/{container}/{blob:path}", comp="block"),
    Operation("blob.blocklist", "PUT", BLOB, "/{container}/{blob:path}", comp="blocklist"),
    Operation("container.create", "PUT", BLOB, "/{container}"),
    Operation("blob.list", "GET", BLOB, "/{container}", comp="list"),
    Operation("scoring.invoke", "POST", SCORING, "/score"),
    Operation("scoring.health", "GET", SCORING, "/"),
    Operation("scoring.swagger", "GET", SCORING, "/swagger.json"),
)

_BY_NAME = {operation.name: operation for operation in OPERATIONS}


def operation(name: str) -> Operation:
    """The operation of that name.

    Raises WireError, with the nearest names, when there is none.
    """
    if name not in _BY_NAME:
        near = ", ".join(get_close_matches(name, _BY_NAME)) or "see docs/operations.md"
        raise WireError(f"there is no operation {name!r}; did you mean: {near}?")
    return _BY_NAME[name]


@lru_cache(maxsize=512)  # polls and scores ask the same again and again
def name_of(method: str, url: str) -> str | None:
    """The operation a request is, or None when no operation is declared for it."""
    parts = urlsplit(url)
    comp = dict(parse_qsl(parts.query)).get("comp") if "comp=" in parts.query else None
    segments = parts.path.lower().split("/")
    likely = _likely(method, parts.hostname or "", len(segments))
    return next((op.name for op in likely if op.comp == comp and _fits(op.path, segments)), None)


def named(names: Iterable[str]) -> tuple[Operation, ...]:
    """The operations of these names, in the order given. Raises WireError on a misspelt one."""
    return tuple(operation(name) for name in names)


@lru_cache(maxsize=4096)
def _likely(method: str, host: str, depth: int) -> tuple[Operation, ...]:
    """Operations of that method and host with so many segments, so that few are tried."""
    return tuple(
        op
        for op in OPERATIONS
        if op.method in (method, "*")
        and _is_host(op.host, host)
        and (op.path.count("/") + 1 == depth or op.path.endswith(":path}"))
    )


def _is_host(template: str, host: str) -> bool:
    """`{x}` is any text; between two of them stands a dot."""
    if "{" not in template:
        return host == template
    before, after = template.partition("{")[0], template.rpartition("}")[2]
    inside = host.removeprefix(before).removesuffix(after)
    return host == f"{before}{inside}{after}" and len(inside) > 2 * template.count("}.{")


def _fits(template: str, segments: list[str]) -> bool:
    """`{x}` is one segment of a path in lower case, `{x:path}` the rest; neither is empty.

    No regular expressions: to compile one for each operation would cost more than a whole replay.
    """
    literal, free, count, rest = _parts(template)
    if rest:
        segments = [*segments[: count - 1], "/".join(segments[count - 1 :])]
    if len(segments) != count:
        return False
    return all(segments[at] == text for at, text in literal) and all(segments[at] for at in free)


@cache
def _parts(template: str) -> tuple[tuple[tuple[int, str], ...], tuple[int, ...], int, bool]:
    """Literal segments (the last first: there, paths differ), free ones, how many, and a rest."""
    segments = list(enumerate(template.lower().split("/")))
    literal = tuple((at, text) for at, text in reversed(segments) if not text.startswith("{"))
    free = tuple(at for at, text in segments if text.startswith("{"))
    return literal, free, len(segments), template.endswith(":path}")
