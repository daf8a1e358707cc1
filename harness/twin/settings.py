"""What a twin is started with. Parsed once at the door, then passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

Era = Literal["may-2024", "feb-2025", "today"]
Pace = Literal["fast", "azure"]
Profile = Literal["tiny", "smollm2", "phi3"]
Image = Literal["mlflow", "foundation-model-inference", "foundation-model-serve"]


@dataclass(frozen=True)
class Settings:
    """One twin: where its state lives and how it behaves."""

    state: Path
    subscription: str = "00000000-0000-0000-0000-00000000c0de"
    group: str = "twin-group"
    workspace: str = "twin-workspace"
    region: str = "eastus"
    era: Era = "may-2024"
    pace: Pace = "fast"
    profile: Profile = "tiny"
    image: Image = "mlflow"  # which scoring container's answer shapes /score follows
    weights: Path | None = None  # a folder to take the base model from, instead of the profile's
    faults: tuple[str, ...] = field(default=())  # parsed by faults.parse

    @property
    def workspace_id(self) -> str:
        """The ARM id of the one workspace."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace}"
        )

    @property
    def workspace_guid(self) -> str:
        """The `workspaceId` that operation ids and the default container carry."""
        return str(uuid5(NAMESPACE_URL, self.workspace_id.lower()))
