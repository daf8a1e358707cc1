"""1. Connect: a credential that fetched a token, the workspace, the registry."""

from __future__ import annotations

from harness.recipe.connect import Connection
from harness.run import Run


def test_workspace_and_registry_answer(run: Run, connection: Connection) -> None:
    """The credential is proven by a token, and the workspace names its region and MLflow store."""
    assert connection.location
    assert connection.tracking_uri.startswith("azureml://")


def test_names_derive_from_one_timestamp(run: Run, connection: Connection) -> None:
    """The endpoint's name has at most Azure's 32 characters."""
    assert connection.timestamp == run.timestamp
    assert len(run.plan.endpoint.prefix + connection.timestamp) <= 32
