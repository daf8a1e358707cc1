"""What every handler of the twin can reach: `request.app.state.twin`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from harness.twin.identity import Identity
from harness.twin.settings import Settings
from harness.twin.store import Store
from harness.twin.warm import Warm

if TYPE_CHECKING:
    from starlette.requests import Request

    from harness.twin.blob_store import BlobStore
    from harness.twin.engine.runner import Runner
    from harness.twin.faults_at_work import Faults
    from harness.twin.lifecycle import Operations
    from harness.twin.serving.instances import Instances


@dataclass(frozen=True)
class Twin:
    """One twin: its parts, each made once in `serve.py` and handed in."""

    settings: Settings
    store: Store
    blobs: BlobStore
    warm: Warm
    runner: Runner  # runs jobs
    instances: Instances  # runs deployments
    operations: Operations  # long-running operations
    faults: Faults
    identity: Identity = field(default_factory=Identity)


def twin(request: Request) -> Twin:
    """The twin that answers this request."""
    return cast("Twin", cast("Any", request.app).state.twin)
