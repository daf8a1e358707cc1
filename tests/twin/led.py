"""Asking a twin that is a process, as any client does."""

from __future__ import annotations

from pathlib import Path

import requests

from .conftest import ARM, Started


def session(twin: Started) -> requests.Session:
    """A client of that twin: its proxy, its CA, a token of its identity endpoint."""
    env, found = twin.ready["env"], requests.Session()
    found.trust_env = False
    token = found.get(
        env["IDENTITY_ENDPOINT"],
        params={"resource": ARM, "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": env["IDENTITY_HEADER"]},
        timeout=10,
    ).json()["access_token"]
    found.proxies, found.verify = {"https": env["HTTPS_PROXY"]}, twin.ready["ca"]
    found.headers["authorization"] = f"Bearer {token}"
    return found


def workspace(twin: Started, path: str = "") -> str:
    """An address below the twin's workspace."""
    env = twin.ready["env"]
    return (
        f"{ARM}/subscriptions/{env['AZURE_SUBSCRIPTION_ID']}/resourceGroups/"
        f"{env['AZURE_RESOURCE_GROUP']}/providers/Microsoft.MachineLearningServices/workspaces/"
        f"{env['AZURE_WORKSPACE_NAME']}{path}?api-version=2022-02-01-preview"
    )


def children(pid: int) -> list[int]:
    """The processes that one has started and that still run."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    found = [int(word) for word in text.split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(word) for word in (task / "children").read_text().split()]
    return sorted(set(found))
