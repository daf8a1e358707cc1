"""Serve one deployment until killed: twin_to_kill.py FOLDER. Prints its container's process id."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from harness.twin.blob_store import BlobStore
from harness.twin.serving.instances import Instances
from harness.twin.settings import Settings
from harness.twin.store import Store
from harness.twin.warm import Warm

MODEL = Path(__file__).parents[3] / "data" / "tiny_phi3"


def main(state: Path) -> None:
    """Start the deployment and wait for the end."""
    store, blobs, warm = Store(state / "twin.sqlite"), BlobStore(state / "blobs"), Warm()
    warm.start()
    (blobs.folder(blobs.workspace_container) / "tiny").symlink_to(MODEL)
    store.put("model", "tiny/1", {"path": "tiny"})
    document = {"endpoint": "ep", "name": "demo", "model": "azureml:tiny:1"}
    store.put("deployment", "ep/demo", document)
    instances = Instances(Settings(state), store, blobs, warm)
    instances.start("ep", "demo")
    while not instances.ready("ep", "demo"):
        time.sleep(0.01)
    print(*instances.pids("ep", "demo"), flush=True)
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
