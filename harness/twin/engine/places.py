"""Where the URIs of a job's inputs lead on this machine, and where its outputs and logs lie."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.twin.engine.profiles import folder
from harness.twin.engine.refusal import UserError
from harness.twin.settings import Settings
from harness.twin.store import Store

if TYPE_CHECKING:
    from harness.twin.blob_store import BlobStore

_DATASTORE = re.compile(r"azureml:.*?/?datastores/([^/]+)/paths/(.+)", re.I)
_JOB_OUTPUT = re.compile(r"azureml://jobs/([^/]+)/outputs/([^/]+)/?(?:paths/)?", re.I)
_REGISTRY_MODEL = re.compile(r"azureml://registries/[^/]+/models/([^/]+)/versions/([^/]+)", re.I)
_WORKSPACE_MODEL = re.compile(
    r"(?:.*/workspaces/[^/]+/models/([^/]+)/versions/([^/]+)|azureml:([^:/]+):([^:/]+))", re.I
)


class Places:
    """The folders of one twin's jobs."""

    def __init__(self, settings: Settings, store: Store, blobs: BlobStore) -> None:
        self._settings = settings
        self._store = store
        self._blobs = blobs

    def find(self, uri: str) -> Path | None:
        """The file or folder behind a URI, None when there is nothing.

        Any model of the registry is the profile's, which a job's import makes if need be. Raises
        UserError when the URI is of no kind the twin knows.
        """
        if _REGISTRY_MODEL.fullmatch(uri):
            here = self._settings
            return folder(here.profile, here.state, here.weights)
        if found := _DATASTORE.fullmatch(uri):
            return self._existing(*found.groups())
        if found := _JOB_OUTPUT.fullmatch(uri):
            return self._of_job(*found.groups())
        if found := _WORKSPACE_MODEL.fullmatch(uri):
            name, version = [text for text in found.groups() if text]
            return self._of_model(name, version)
        raise UserError(
            f"{uri} is not a place the twin can read: use azureml://datastores/..., "
            "azureml://registries/.../models/... or a registered model."
        )

    def files(
        self, names: Iterable[str], uris: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Of these inputs: paths of those that are there, URIs of those that are not."""
        found: dict[str, str] = {}
        missing: dict[str, str] = {}
        for name in names:
            uri = uris.get(name)
            if uri is None:
                continue
            try:
                place = self.find(uri)
            except UserError as refusal:
                place, uri = None, f"{uri} ({refusal})"
            if place is None:
                missing[name] = uri
            else:
                found[name] = str(place)
        return found, missing

    def output(self, run: str, name: str) -> Path:
        """The folder of a run's output; a plain folder of the workspace's container."""
        return self.container / self.prefix(run, name)

    def prefix(self, run: str, name: str) -> str:
        """The same as a prefix of blob names."""
        return f"azureml/{run}/{name}"

    def log(self, run: str, name: str) -> Path:
        """A log file of a run; a blob of the artifact container."""
        return self._blobs.folder(self._blobs.artifact_container) / self.log_blob(run, name)

    def log_blob(self, run: str, name: str) -> str:
        """The same as a blob name."""
        return f"ExperimentRun/dcid.{run}/{name}"

    def work(self, run: str) -> Path:
        """A folder for what only the engine reads: spec, outcome, checkpoints."""
        return self._settings.state / "runs" / run

    @property
    def container(self) -> Path:
        """The folder of the workspace's own container."""
        return self._blobs.folder(self._blobs.workspace_container)

    def _existing(self, datastore: str, path: str) -> Path | None:
        container = (
            self._blobs.artifact_container
            if datastore == "workspaceartifactstore"
            else self._blobs.workspace_container
        )
        folder = self._blobs.folder(container).resolve()
        place = (folder / path).resolve()
        inside = place.is_relative_to(folder)
        return place if inside and place.exists() else None

    def _of_job(self, job: str, output: str) -> Path | None:
        body = self._store.get("job", job) or {}
        prefix = (body.get("resolved_outputs") or {}).get(output)
        return self._existing("workspaceblobstore", prefix) if prefix else None

    def _of_model(self, name: str, version: str) -> Path | None:
        body = self._store.get("model", f"{name}/{version}") or {}
        prefix = body.get("path")
        return self._existing("workspaceblobstore", str(prefix)) if prefix else None
