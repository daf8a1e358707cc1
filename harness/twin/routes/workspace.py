"""The workspace: one, always there. Also what a client reads to find its way.

Bodies as recorded in 2025 (azure-ai-ml test suite).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from harness.twin.routing import on
from harness.twin.state import Twin, twin

_FOR_BROWSERS = {  # discovery may be asked from any web page
    "Access-Control-Allow-Credentials": "false",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, Content-Type, Retry-After, "
    "Location, x-request-time, x-ms-client-request-id",
    "Access-Control-Max-Age": "2520",
}
_CREATED = "2024-04-01T08:58:24.225753Z"

_NETWORK: dict[str, Any] = {
    "managedNetwork": {
        "changeableIsolationModes": ["AllowInternetOutbound", "AllowOnlyApprovedOutbound"],
        "isolationMode": "Disabled",
        "enableNetworkMonitor": False,
    },
    "privateLinkCount": 0,
    "publicNetworkAccess": "Enabled",
    "ipAllowlist": [],
    "networkAcls": {
        "defaultAction": "Allow",
        "bypass": "",
        "ipRules": [],
        "resourceAccessRules": [],
    },
}
_SWITCHES: dict[str, Any] = {
    "hbiWorkspace": False,
    "imageBuildCompute": None,
    "allowRoleAssignmentOnRG": True,
    "v1LegacyMode": False,
    "softDeleteEnabled": False,
    "storageHnsEnabled": False,
    "linkedModelInventoryArmId": None,
    "serverlessComputeSettings": None,
    "EnableSoftwareBillOfMaterials": False,
    "sasGetterUri": "",
    "enableDataIsolation": False,
    "systemDatastoresAuthMode": "accesskey",
    "enableServiceSideCMKEncryption": False,
}


@dataclass(frozen=True)
class Workspace:
    """The one workspace of a twin."""

    twin: Twin

    def body(self) -> dict[str, Any]:
        """As GET shows it."""
        settings, identity = self.twin.settings, self.twin.identity
        system = {"createdAt": _CREATED, "createdBy": "twin", "createdByType": "User"}
        changed = {
            "lastModifiedAt": _CREATED,
            "lastModifiedBy": "twin",
            "lastModifiedByType": "User",
        }
        return {
            "id": settings.workspace_id,
            "name": settings.workspace,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "location": settings.region,
            "tags": {},
            "etag": None,
            "properties": self._properties(),
            "identity": {
                "type": "SystemAssigned",
                "principalId": identity.principal,
                "tenantId": identity.tenant,
            },
            "kind": "Default",
            "sku": {"name": "Basic", "tier": "Basic"},
            "systemData": system | changed,
        }

    def _properties(self) -> dict[str, Any]:
        settings = self.twin.settings
        api = f"{settings.region}.api.azureml.ms"
        return {
            "friendlyName": settings.workspace,
            "description": "",
            "provisioningState": "Succeeded",
            "creationTime": "2024-04-01T08:58:24.2257530Z",
            "tenantId": self.twin.identity.tenant,
            "workspaceId": settings.workspace_guid,
            "discoveryUrl": f"https://{api}/discovery",
            "mlFlowTrackingUri": f"azureml://{api}/mlflow/v1.0{settings.workspace_id}",
            "sdkTelemetryAppInsightsKey": settings.workspace_guid,
            "notebookInfo": self._notebooks(),
            **self._resources(),
            **_NETWORK,
            **_SWITCHES,
        }

    def _resources(self) -> dict[str, str]:
        """What Azure makes along with a workspace."""
        guid = self.twin.settings.workspace_guid[:8]
        registries = "Microsoft.ContainerRegistry/registries"
        return {
            "storageAccount": self._arm("Microsoft.Storage/storageAccounts", self._account()),
            "keyVault": self._arm("Microsoft.Keyvault/vaults", f"kv{guid}"),
            "applicationInsights": self._arm("Microsoft.insights/components", f"ai{guid}"),
            "containerRegistry": self._arm(registries, f"cr{guid}"),
        }

    def _notebooks(self) -> dict[str, Any]:
        settings, guid = self.twin.settings, self.twin.settings.workspace_guid
        host = f"ml-{settings.workspace}-{settings.region}-{guid}"
        return {
            "resourceId": guid.replace("-", ""),
            "fqdn": f"{host}.{settings.region}.notebooks.azure.net",
            "isPrivateLinkEnabled": False,
            "notebookPreparationError": None,
        }

    def _account(self) -> str:
        return self.twin.blobs.account

    def _arm(self, kind: str, name: str) -> str:
        settings = self.twin.settings
        group = f"/subscriptions/{settings.subscription}/resourceGroups/{settings.group}"
        return f"{group}/providers/{kind}/{name}"


def get(request: Request) -> Response:
    """GET the workspace; a wrong name never gets here (see door.py)."""
    return JSONResponse(Workspace(twin(request)).body())


def list_(request: Request) -> Response:
    """GET all workspaces of the group."""
    return JSONResponse({"value": [Workspace(twin(request)).body()]})


def discovery(request: Request) -> Response:
    """Where the services of this region are; no token needed."""
    region = twin(request).settings.region
    experiments = f"https://{region}.experiments.azureml.net"
    return JSONResponse(
        {
            "api": f"https://{region}.api.azureml.ms",
            "catalog": "https://catalog.cortanaanalytics.com",
            "experimentation": experiments,
            "gallery": "https://gallery.cortanaintelligence.com/project",
            "history": experiments,
            "hyperdrive": experiments,
            "labeling": experiments,
            "modelmanagement": f"https://{region}.modelmanagement.azureml.net",
            "pipelines": f"https://{region}.aether.ms",
            "studio": "https://ml.azure.com",
        },
        headers=_FOR_BROWSERS,
    )


def clouds(request: Request) -> Response:
    """The list of clouds (2019-05-01): azureml-mlflow asks for it when it runs by itself."""
    audiences = ["https://management.core.windows.net/", "https://management.azure.com/"]
    return JSONResponse(
        [
            {
                "name": "AzureCloud",
                "portal": "https://portal.azure.com",
                "authentication": {
                    "loginEndpoint": "https://login.microsoftonline.com/",
                    "audiences": audiences,
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "resourceManager": "https://management.azure.com/",
                "graph": "https://graph.windows.net/",
                "suffixes": {
                    "storage": "core.windows.net",
                    "keyVaultDns": "vault.azure.net",
                    "acrLoginServer": "azurecr.io",
                },
            }
        ]
    )


routes = [
    on("workspace.get", get),
    on("workspace.list", list_),
    on("discovery.get", discovery),
    on("cloud.list", clouds),
]
