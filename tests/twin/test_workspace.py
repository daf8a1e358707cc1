"""The workspace and how clients find their way."""

from __future__ import annotations

from .conftest import Make


def test_the_workspace_leads_to_everything(make: Make) -> None:
    """discoveryUrl, mlFlowTrackingUri, workspaceId, and the one PascalCase key."""
    plane = make()

    properties = plane.client.get(plane.ws()).json()["properties"]

    assert properties["discoveryUrl"] == "https://eastus.api.azureml.ms/discovery"
    assert properties["mlFlowTrackingUri"].startswith("azureml://eastus.api.azureml.ms/mlflow/")
    assert properties["EnableSoftwareBillOfMaterials"] is False
    assert properties["workspaceId"] == plane.twin.settings.workspace_guid


def test_names_compare_without_case(make: Make) -> None:
    """Clients send resourceGroups and resourcegroups."""
    plane = make()

    assert plane.client.get(plane.ws().replace("resourceGroups", "resourcegroups")).is_success
    assert plane.client.get(plane.ws().replace("twin-group", "TWIN-GROUP")).is_success
