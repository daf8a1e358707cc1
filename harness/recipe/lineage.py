"""What each end of a link says, from answers that the steps have anyway."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.checks.facts import Link

if TYPE_CHECKING:
    from harness.checks.facts import BaseModel
    from harness.recipe.data import Splits

# The SDK uploads to LocalUpload/<hash>/: SHA-256 of these bytes and the file's since 1.27, MD5 of
# them before (azure-ai-ml, _asset_utils.get_object_hash).
_SALT = b"Initialize for october 2021 AML CLI version"
_UPLOAD = re.compile(r"/LocalUpload/([0-9a-f]{32}|[0-9a-f]{64})/")
_HASHES = {32: "md5", 64: "sha256"}


def links_of_job(job: Any, model: BaseModel, splits: Splits) -> tuple[Link, ...]:
    """Base model, component and both data files, as the finished job names them."""
    node, show = next(iter(job.jobs.values()), None), f"az ml job show --name {job.name}"
    component = _version(getattr(node, "component", ""))
    return (
        Link("base model -> job", model.id, _path(node, "mlflow_model_path"), show),
        Link("component -> job", model.component.version, component, show),
        _data(node, "train_file_path", splits.path("train_sft"), show),
        _data(node, "test_file_path", splits.path("test_sft"), show),
    )


def shown(links: Sequence[Link]) -> dict[str, str]:
    """The links in short, as facts of a step: the last part of what both ends say."""
    return {link.name: (link.later or "not said").rpartition("/")[2][:32] for link in links}


def _data(node: Any, name: str, file: Path, show: str) -> Link:
    """The file's hash, and the one in the path of its upload; None where the path has none."""
    found = _UPLOAD.search(_path(node, name) or "")
    kind = _HASHES[len(found[1])] if found else "sha256"
    return Link(f"{file.name} -> job", _hash(file, kind), found[1] if found else None, show)


def _path(node: Any, name: str) -> str | None:
    given = getattr(node, "inputs", {}).get(name)
    path = getattr(getattr(given, "_data", None), "path", None) or getattr(given, "path", None)
    return str(path) if path else None


def _version(address: Any) -> str | None:
    return str(address).rpartition("/versions/")[2] or None


def _hash(file: Path, kind: str) -> str:
    seen = hashlib.new(kind, _SALT, usedforsecurity=False)
    with file.open("rb") as content:
        while chunk := content.read(1 << 20):
            seen.update(chunk)
    return seen.hexdigest()
