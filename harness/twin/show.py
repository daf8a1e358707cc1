"""What a twin holds, as lines to read: what on Azure `az ml ... show` and `list` would tell.

Read from its folder, without starting it: jobs, deployments and faults stay as they are, and a
state is the one that was last asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby

from harness.twin import sizes
from harness.twin.blob_store import BlobStore
from harness.twin.folder import held
from harness.twin.routes.registry import Asset, components, models
from harness.twin.settings import Settings
from harness.twin.store import Document, Store


def show(settings: Settings) -> Iterator[str]:
    """Lines about the registry of its era, its region, and its workspace.

    Raises TargetError when a twin runs in the folder, or it cannot be used.
    """
    with held(settings.state), closing(Store(settings.state / "twin.sqlite")) as store:
        with closing(BlobStore(settings.state / "blobs", settings.workspace_id)) as blobs:
            assets = [*models(settings, blobs), *components(settings)]
        yield from _registry(assets, settings)
        yield from _region(store, settings)
        yield from _workspace(store)


def _registry(assets: Iterable[Asset], settings: Settings) -> Iterator[str]:
    """Every version, and of the newest its tags and lists."""
    yield f"registry azureml, era {settings.era}"
    for (kind, name), versions in groupby(assets, lambda each: (each.kind, each.name)):
        found = list(versions)
        yield f"  {kind[:-1]} {name}: versions {', '.join(_version(each) for each in found)}"
        newest = found[-1].properties
        for tag, value in sorted(newest.get("tags", {}).items()):
            yield f"    tag {tag}: {' '.join(str(value).split())}"
        lists = (newest.get("systemMetadata") or {}).get("supportedComputes")
        if lists:
            yield f"    systemMetadata.supportedComputes: {lists}"


def _version(asset: Asset) -> str:
    return f"{asset.version} (archived)" if asset.properties.get("isArchived") else asset.version


def _region(store: Store, settings: Settings) -> Iterator[str]:
    yield f"region {settings.region}"
    for size in sizes.sizes():
        use = "training and serving" if size.endpoints else "training"
        use = "retired" if sizes.gone(size, settings) else use
        yield f"  size {size.name}: {size.vcpus} cores, {size.gpus} GPUs, {use}"
    for quota in sizes.quotas().values():
        used = sizes.cores_in_use(store, quota.family)
        yield f"  quota {quota.family}: {used} of {quota.limit} cores in use"


def _workspace(store: Store) -> Iterator[str]:
    yield "workspace"
    found = [
        *(f"cluster {each['name']}: {_state(each)}" for each in store.list("compute")),
        *(f"endpoint {each['name']}: {_state(each)}" for each in store.list("endpoint")),
        *(
            f"deployment {each['endpoint']}/{each['name']}: {_state(each)}"
            for each in store.list("deployment")
        ),
        *(f"job {each['name']}: {_status(store, each)}" for each in store.list("job")),
        *(f"model {each['name']}: version {each['version']}" for each in store.list("model")),
    ]
    yield from (f"  {line}" for line in found or ["nothing"])


def _state(document: Document) -> str:
    return str(document.get("provisioningState"))


def _status(store: Store, job: Document) -> str:
    """Of its run, and why it failed."""
    run = store.get("run", job["name"]) or {}
    error = (run.get("error") or {}).get("message") or ""
    return f"{run.get('status')}{f', {error}' if error else ''}"
