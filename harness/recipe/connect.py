"""Step 1: a credential that works, the workspace, the registry."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StepError

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from harness.plan import Plan

MANAGEMENT_SCOPE = "https://management.azure.com/.default"
_NAMES = {
    "subscription": "AZURE_SUBSCRIPTION_ID",
    "group": "AZURE_RESOURCE_GROUP",
    "name": "AZURE_WORKSPACE_NAME",
}


@dataclass(frozen=True)
class Connection:
    """The clients every later step uses."""

    workspace: MLClient
    registry: MLClient
    location: str
    tracking_uri: str
    timestamp: str  # seconds since the epoch; every unique name of the run derives from it
    components: dict[str, Any] = field(default_factory=dict)  # the SDK's own, by version


def connect(plan: Plan, *, timestamp: str, config: Path | None = None) -> Connection:
    """A proven credential, and clients for the workspace and the registry.

    `config` is the folder to look for config.json in; None searches upwards from the current one.
    Raises StepError when no credential works, no workspace is named, or it cannot be read.
    """
    from azure.ai.ml import MLClient

    credential = proven_credential()
    workspace = _workspace_client(plan, credential, config)
    found = _read_workspace(workspace)
    registry = MLClient(credential, registry_name=plan.workspace.registry)
    return Connection(
        workspace=workspace,
        registry=registry,
        location=str(found.location),
        tracking_uri=str(found.mlflow_tracking_uri),
        timestamp=timestamp,
    )


def proven_credential() -> Any:
    """`DefaultAzureCredential` after it fetched a token, else a browser where a person can answer.

    Raises StepError with what each credential said.
    """
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential, InteractiveBrowserCredential

    try:
        credential = DefaultAzureCredential()
        credential.get_token(MANAGEMENT_SCOPE)
        return credential
    except (ClientAuthenticationError, ValueError) as error:  # ValueError: a misspelt AZURE_* name
        if a_person_can_answer():
            browser = InteractiveBrowserCredential()
            browser.get_token(MANAGEMENT_SCOPE)
            return browser
        raise StepError(
            f"no Azure credential works here: {error}\n"
            "Nobody can answer a browser prompt in this terminal. Next: az login, or set "
            "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET; without Azure: make run"
        ) from error


def a_person_can_answer() -> bool:
    """Whether an interactive sign-in has anybody to talk to."""
    screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return sys.stdin.isatty() and screen and not os.environ.get("CI")


def _workspace_client(plan: Plan, credential: Any, config: Path | None) -> MLClient:
    """The names of the plan, each falling back to config.json, then to the environment.

    A name that the plan spells out is never overruled: the wrong workspace costs money.
    """
    from azure.ai.ml import MLClient

    named = {key: getattr(plan.workspace, key) for key in _NAMES}
    found = {} if all(named.values()) else _from_config(credential, config)
    names = {
        key: named[key] or found.get(key) or os.environ.get(env, "") for key, env in _NAMES.items()
    }
    missing = [_NAMES[key] for key, value in names.items() if not value]
    if missing:
        raise StepError(
            f"no workspace is named: no config.json was found, and {', '.join(missing)} "
            "not set. Next: export them, or fill [workspace] in the plan"
        )
    return MLClient(credential, names["subscription"], names["group"], names["name"])


def _from_config(credential: Any, config: Path | None) -> dict[str, str]:
    """The names in config.json as the SDK finds it; none when there is no file.

    Raises StepError when there is one and it cannot be used.
    """
    from azure.ai.ml import MLClient
    from azure.ai.ml.exceptions import ValidationException

    try:
        with _not_told_where():
            client = MLClient.from_config(credential, path=config)
    except ValidationException as error:
        if "could not find config.json" in str(error):
            return {}
        raise _unusable(error) from error
    except Exception as error:  # the SDK picks the file apart unchecked: IndexError, KeyError, ...
        raise _unusable(error) from error
    return {
        "subscription": str(client.subscription_id),
        "group": str(client.resource_group_name),
        "name": str(client.workspace_name),
    }


@contextmanager
def _not_told_where() -> Iterator[None]:
    """The SDK prints the path of config.json, which on the twin is a temporary folder's."""
    logger = logging.getLogger("azure.ai.ml._ml_client")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def _unusable(error: Exception) -> StepError:
    return StepError(
        f"config.json was found but cannot be used ({type(error).__name__}): {error}\nNext: "
        "download it again from the workspace's page, or fill [workspace] in the plan"
    )


def _read_workspace(client: MLClient) -> Any:
    """The workspace, so that a wrong name or a missing network is known at step 1."""
    from azure.core.exceptions import AzureError, ResourceNotFoundError

    try:
        return client.workspaces.get(client.workspace_name)
    except ResourceNotFoundError as error:
        raise StepError(
            f"workspace {client.workspace_name!r} does not exist in resource group "
            f"{client.resource_group_name!r}: {error.message}\n"
            "Next: az ml workspace list --output table"
        ) from error
    except AzureError as error:
        raise StepError(
            f"workspace {client.workspace_name!r} cannot be read ({type(error).__name__}): "
            f"{error.message}\n"
            "Next: check the network and the rights of this credential on the workspace"
        ) from error
