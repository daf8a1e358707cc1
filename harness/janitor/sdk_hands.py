"""The recipe's own SDK as the janitor's hands: what a run deletes with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from harness.janitor.kinds import TERMINAL
from harness.janitor.ledger import Place

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

_SETTLE = 0.5  # seconds between looks at a job that was asked to stop


class SdkHands:
    """One client of a workspace."""

    def __init__(self, client: MLClient) -> None:
        self._client = client

    @property
    def place(self) -> Place:
        """The workspace."""
        here = self._client
        return Place(
            str(here.subscription_id), str(here.resource_group_name), str(here.workspace_name)
        )

    def present(self, kind: str, name: str) -> bool:
        """Whether a GET finds it and, of a job, whether it has not ended."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            found: Any = self._operations(kind).get(name)
        except ResourceNotFoundError:
            return False
        # newer SDKs answer with an enum
        return kind != "job" or str(getattr(found.status, "value", found.status)) not in TERMINAL

    def delete(self, kind: str, name: str, seconds: float) -> None:
        """As the recipe does it: begin, and wait."""
        operations, until = self._operations(kind), time.monotonic() + seconds
        if kind != "job":
            operations.begin_delete(name).wait(seconds)
            return
        operations.begin_cancel(name).wait(seconds)
        while self.present(kind, name) and time.monotonic() < until:
            time.sleep(_SETTLE)

    def names(self, kind: str) -> list[str]:
        """All names in the list."""
        return [str(found.name) for found in self._operations(kind).list()]

    def floor(self, name: str) -> int:
        """How many nodes that cluster keeps when nobody uses it."""
        found: Any = self._client.compute.get(name)
        return int(found.min_instances or 0)

    def scale_to_zero(self, name: str, seconds: float) -> None:
        """Let that cluster keep no node, and wait for it."""
        found: Any = self._client.compute.get(name)
        found.min_instances = 0
        self._client.compute.begin_update(found).wait(seconds)

    def renew(self) -> None:
        """A new client with a new credential; the old one's token has run out."""
        from azure.ai.ml import MLClient
        from azure.identity import DefaultAzureCredential

        place = self.place
        self._client = MLClient(
            DefaultAzureCredential(), place.subscription, place.group, place.workspace
        )

    def _operations(self, kind: str) -> Any:
        here = self._client
        return {"endpoint": here.online_endpoints, "compute": here.compute, "job": here.jobs}[kind]
