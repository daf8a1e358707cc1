"""A model's files: where a modelUri points, and the copy the service makes of an MLflow model."""

from __future__ import annotations

import re
import shutil
from uuid import uuid4

import yaml  # type: ignore[import-untyped]  # its types are a package of their own

from harness.twin.base_model import flavors
from harness.twin.blob_files import link
from harness.twin.errors import refused
from harness.twin.state import Twin
from harness.twin.store import Document

_JOB = re.compile(r"azureml://jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths)?/?$")
_STORED = re.compile(
    r"azureml://(?:.*/)?datastores/workspaceblobstore/paths/(?P<path>.+?)/?$", re.I
)


def source(here: Twin, uri: str) -> tuple[str | None, str | None]:
    """What a modelUri names: (path in workspaceblobstore, job name); None where it is not known.

    Raises WireFailure, 404, when it names a job or an output that is not there.
    """
    job = _JOB.match(uri)
    if job:
        return _output(here, job["job"], job["output"]), job["job"]
    stored = _STORED.match(uri)
    return (stored["path"] if stored else None), None


def replicate(here: Twin, path: str) -> str:
    """Copy a model folder as the service does; the path of the copy in workspaceblobstore.

    Raises WireFailure, 404, when there are no files under that path.
    """
    root = here.blobs.folder(here.blobs.workspace_container)
    if not (root / path).is_dir():
        message = f"The specified path {path} does not exist in datastore workspaceblobstore."
        raise refused(404, message, "NotFoundError", region=here.settings.region)
    copy = f"ServiceReplicated/{uuid4()}/{path.strip('/')}"
    shutil.copytree(root / path, root / copy, copy_function=link)
    return copy


def flavors_of(here: Twin, path: str) -> Document:
    """The flavors in the folder's MLmodel file. Raises WireFailure, 400, when there is none."""
    file = here.blobs.folder(here.blobs.workspace_container) / path / "MLmodel"
    if not file.is_file():
        message = f"The model at {path} has no MLmodel file, so it is not an mlflow_model."
        raise refused(400, message, "BadArgument", "ArgumentInvalid", region=here.settings.region)
    return flavors((yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("flavors") or {})


def long_uri(here: Twin, path: str) -> str:
    """The full azureml:// address of a path in workspaceblobstore."""
    settings = here.settings
    return (
        f"azureml://subscriptions/{settings.subscription}/resourceGroups/{settings.group}"
        f"/workspaces/{settings.workspace}/datastores/workspaceblobstore/paths/{path}"
    )


def _output(here: Twin, job: str, output: str) -> str:
    region = here.settings.region
    document = here.store.get("job", job)
    if document is None:
        raise refused(404, f"Job {job} not found.", "NotFound", "JobNotFound", region=region)
    path = (document.get("resolved_outputs") or {}).get(output)
    if not path:
        message = f"Output {output} of job {job} was not found."
        raise refused(404, message, "NotFound", "OutputNotFound", region=region)
    return str(path)
