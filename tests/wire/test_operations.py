"""Operations: one table, no two that claim the same request."""

from __future__ import annotations

import pytest

from harness.errors import WireError
from harness.wire.operations import OPERATIONS, name_of, operation

WS = (
    "https://management.azure.com/subscriptions/s/resourceGroups/g/providers/"
    "Microsoft.MachineLearningServices/workspaces/w"
)


@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("GET", f"{WS}?api-version=2024-10-01-preview", "workspace.get"),
        ("PUT", f"{WS}/jobs/j", "job.submit"),
        ("PUT", f"{WS.replace('resourceGroups', 'resourcegroups')}/jobs/j", "job.submit"),
        ("POST", f"{WS}/onlineEndpoints/e/deployments/demo/getLogs", "deployment.logs"),
        ("PUT", "https://a.blob.core.windows.net/c/x/y.jsonl", "blob.put"),
        ("PUT", "https://a.blob.core.windows.net/c/x/y.jsonl?comp=block&blockid=1", "blob.block"),
        ("GET", "https://a.blob.core.windows.net/c?restype=container&comp=list", "blob.list"),
        ("POST", "https://e.eastus.inference.ml.azure.com/score", "scoring.invoke"),
        ("GET", "http://127.0.0.1:8081/msi/token?resource=x", "identity.token"),
        ("GET", f"{WS}/schedules", None),
    ],
)
def test_requests_are_named(method: str, url: str, name: str | None) -> None:
    """A request is its operation, whatever its query; an undeclared one is none."""
    assert name == name_of(method, url)


def test_names_are_unique_and_well_formed() -> None:
    """`<resource>.<verb>`, once each."""
    names = [operation.name for operation in OPERATIONS]

    assert len(set(names)) == len(names)
    assert all(name.count(".") == 1 for name in names)


def test_a_misspelt_name_gets_its_neighbour() -> None:
    """The error names the operation that was probably meant."""
    with pytest.raises(WireError, match=r"compute\.create"):
        operation("compute.creat")
