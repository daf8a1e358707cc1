"""All deployments of a twin, each with its containers; no torch in here.

A start returns at once; the deployment's document says Succeeded or Failed when it is known.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from harness.twin.blob_store import BlobStore
from harness.twin.engine import profiles
from harness.twin.serving.events import Events, content
from harness.twin.serving.instance import Instance
from harness.twin.serving.plan import Plan, model_folder, read, registered_folder
from harness.twin.settings import Settings
from harness.twin.shortage import describe
from harness.twin.store import Store
from harness.twin.warm import Warm

_HELP = (
    "Please see troubleshooting guide, available here: "
    "https://aka.ms/oe-tsg#error-resourcenotready. The container's own words: "
    "az ml online-deployment get-logs --endpoint {endpoint} --name {name}"
)
_DRAIN = 30.0  # seconds a replaced container has for what it is at, as gunicorn's own grace
Key = tuple[str, str]


@dataclass(frozen=True)
class _Run:
    """A deployment's containers, from one start on."""

    folder: Path
    instances: tuple[Instance, ...]
    turns: Any  # endless round of the instances

    def next(self) -> Instance | None:
        """A ready container, in turn; None when none is."""
        for _ in self.instances:
            instance: Instance = next(self.turns)
            if instance.ready:
                return instance
        return None

    def stop(self) -> None:
        """End the containers, whatever they are at."""
        for instance in self.instances:
            instance.stop()

    def retire(self) -> None:
        """Let the containers finish what they are at, then end them."""
        deadline = time.monotonic() + _DRAIN
        while any(each.busy for each in self.instances) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.stop()


class Instances:
    """Runs deployments. Safe to use from many threads."""

    def __init__(self, settings: Settings, store: Store, blobs: BlobStore, warm: Warm) -> None:
        self._settings, self._store, self._blobs, self._warm = settings, store, blobs, warm
        self._root = settings.state / "serving"
        self._lock = threading.Lock()
        self._wanted: dict[Key, int] = {}  # the latest start of each deployment
        self._starting: dict[Key, _Run] = {}
        self._serving: dict[Key, _Run] = {}
        self.in_flight: Counter[Key] = Counter()  # requests under way; the front door counts them

    def start(self, endpoint: str, deployment: str) -> None:
        """Start the deployment's containers; older ones serve until the new ones are ready.

        Returns at once. Its document gets provisioningState Succeeded, or Failed and `failure`.
        """
        start = time.time_ns()
        with self._lock:
            self._wanted[key_of(endpoint, deployment)] = start
        work = partial(self._start, key_of(endpoint, deployment), start)
        threading.Thread(target=work, name=f"start-{deployment}", daemon=True).start()

    @contextmanager
    def lend(self, endpoint: str, deployment: str) -> Iterator[int | None]:
        """The port of a container for one request, each in turn. None when none is ready."""
        with self._lock:
            found = self._serving.get(key_of(endpoint, deployment))
            instance = found.next() if found else None
            if instance:
                instance.busy += 1
        try:
            yield instance.port if instance else None
        finally:
            if instance:
                with self._lock:
                    instance.busy -= 1

    def ready(self, endpoint: str, deployment: str) -> bool:
        """Whether a container could take a request now."""
        found = self._serving.get(key_of(endpoint, deployment))
        return bool(found and any(each.ready for each in found.instances))

    def count(self, endpoint: str, deployment: str) -> int:
        """How many containers the deployment has, 0 when it does not serve."""
        found = self._serving.get(key_of(endpoint, deployment))
        return len(found.instances) if found else 0

    def pids(self, endpoint: str, deployment: str) -> list[int]:
        """The process of each container, which leads a group of its own."""
        found = self._serving.get(key_of(endpoint, deployment))
        return [each.pid for each in found.instances if each.pid] if found else []

    def logs(self, endpoint: str, deployment: str, tail: int = 500) -> str:
        """What getLogs gives; a deployment that failed has logs too."""
        document = self._store.get("deployment", f"{endpoint}/{deployment}") or {}
        runs = sorted(self._folder(key_of(endpoint, deployment)).glob("*"))
        folder = runs[-1] if runs else self._root
        events = Events(folder / "events.txt").text()
        well = document.get("provisioningState") != "Failed"
        return content(well, events, sorted(folder.glob("instance-*.log")), tail)

    def stop(self, endpoint: str, deployment: str) -> None:
        """End the deployment's containers and drop its logs; harmless when there are none."""
        key = key_of(endpoint, deployment)
        with self._lock:
            self._wanted.pop(key, None)
            found = [self._starting.pop(key, None), self._serving.pop(key, None)]
        for run in found:
            if run:
                run.stop()
        shutil.rmtree(self._folder(key), ignore_errors=True)

    def recover(self) -> None:
        """Start what served, or was starting, when an earlier twin over this state ended."""
        for document in self._store.list("deployment"):
            if document.get("provisioningState") in ("Succeeded", "Creating", "Updating"):
                self.start(document["endpoint"], document["name"])

    def close(self) -> None:
        """End all containers; documents and logs stay."""
        with self._lock:
            self._wanted.clear()
            runs = [*self._starting.values(), *self._serving.values()]
            self._starting, self._serving = {}, {}
        stops = [threading.Thread(target=run.stop) for run in runs]
        for each in stops:
            each.start()
        for each in stops:
            each.join()

    def _start(self, key: Key, start: int) -> None:
        """In a thread: make the containers, wait for them, then let them serve or say why not."""
        document = self._store.get("deployment", "/".join(key))
        if document is None:
            return None
        folder = self._folder(key) / str(start)
        folder.mkdir(parents=True)
        events = Events(folder / "events.txt")
        try:
            plan = read(document, self._settings.pace)
            run = self._made(plan, folder, events)
        except (OSError, ValueError, KeyError) as error:
            return self._failed(
                key, start, events, f"The deployment cannot be started: {describe(error)}"
            )
        if not self._is_wanted(key, start, run):
            return None
        ready = all(instance.wait() for instance in run.instances)
        if ready and self._serve(key, start, run):
            return events.add("Ready", f"{len(run.instances)} container(s) ready")
        run.stop()
        why = next((each.failure for each in run.instances if each.failure), "not ready")
        return self._failed(key, start, events, why)

    def _made(self, plan: Plan, folder: Path, events: Events) -> _Run:
        events.add("Downloading", "Start downloading models")
        source = self._base() if plan.registry else self._registered(plan)
        model = model_folder(plan, source, folder / "model")
        events.add("Downloading", "Models downloaded")
        variables = {"TWIN_IMAGE": self._settings.image} | plan.variables
        variables["AZUREML_MODEL_DIR"] = str(model)
        say = partial(events.add, "Container")
        instances = tuple(
            Instance(plan, number, self._warm, folder / f"instance-{number}.log", variables, say)
            for number in range(plan.instances)
        )
        return _Run(folder, instances, cycle(instances))

    def _registered(self, plan: Plan) -> Path:
        return registered_folder(plan, self._store, self._blobs)

    def _base(self) -> Path:
        """The base model, which a profile other than tiny makes once, in a process with torch."""
        chosen = self._settings
        base = profiles.folder(chosen.profile, chosen.state, chosen.weights)
        if not any(base.glob("*.safetensors")):
            log = chosen.state / "models" / "make.log"
            making = self._warm.process(profiles.make, chosen.profile, base, log=log)
            making.join()
            if making.exitcode:
                raise FileNotFoundError(f"the base model could not be made; read {log}")
        return base

    def _is_wanted(self, key: Key, start: int, run: _Run) -> bool:
        """Set the containers going, unless the deployment was stopped or started anew since."""
        with self._lock:
            if self._wanted.get(key) != start:
                return False
            older, self._starting[key] = self._starting.get(key), run
            for instance in run.instances:
                instance.start()
        if older:
            older.stop()
        return True

    def _serve(self, key: Key, start: int, run: _Run) -> bool:
        """Let these containers serve instead of any older ones; False when not wanted any more."""
        with self._lock:
            if self._wanted.get(key) != start:
                return False
            del self._starting[key]
            older, self._serving[key] = self._serving.get(key), run
            changes = {"provisioningState": "Succeeded", "failure": None}
            self._store.update("deployment", "/".join(key), **changes)
        if older:
            older.retire()
            shutil.rmtree(older.folder, ignore_errors=True)
        return True

    def _failed(self, key: Key, start: int, events: Events, why: str) -> None:
        endpoint, name = key
        message = f"{why}. {_HELP.format(endpoint=endpoint, name=name)}"
        with self._lock:
            if self._wanted.get(key) != start:
                return
            self._starting.pop(key, None)
            failure = {"code": "ResourceNotReady", "message": message}
            events.add("Failed", why)
            changes = {"provisioningState": "Failed", "failure": failure}
            self._store.update("deployment", "/".join(key), **changes)

    def _folder(self, key: Key) -> Path:
        return self._root.joinpath(*key)


def key_of(endpoint: str, deployment: str) -> Key:
    """Names compare without case, as resource names do on Azure."""
    return endpoint.lower(), deployment.lower()
