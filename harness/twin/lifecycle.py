"""Long-running operations: time is data.

What a resource goes through is a `Life`: how long Azure takes, and how often a client at pace
`fast` has to ask. Two styles of answer are on the wire: `compute` (the workspace provider) and
`mfe` (endpoints and deployments). Durations and bodies from recorded traffic of the azure-ai-ml
test suite.

An operation is settled by whoever looks: a poll, or a GET of the resource. Settling it writes the
outcome into the resource's document, or removes the document. Nothing runs in the background
here; real work (a deployment's process) reports by changing its own document.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from harness.twin.faults import Lags, Stuck, written
from harness.twin.faults_at_work import Faults
from harness.twin.settings import Settings
from harness.twin.store import Store

Style = Literal["compute", "mfe"]
Body = dict[str, Any]
Clock = Callable[[], float]

FAST_POLL_MS = 50  # azure-core honours x-ms-retry-after-ms; `Retry-After: 0` makes it wait 30 s
_PATIENCE = 1.0  # seconds at pace fast after which an operation nobody polls is done all the same
_NEVER = "0001-01-01T00:00:00+00:00"
_TICKS_1970 = 621_355_968_000_000_000
_NAME_FIRST = "2023"  # from this api-version on, `status` comes before the times


@dataclass(frozen=True)
class Life:
    """How long a change takes: seconds at pace azure, polls at pace fast."""

    seconds: float
    polls: int
    real: bool = False  # a process of ours has to report as well


LIVES = {
    "compute.create": Life(30, 2),
    "compute.delete": Life(60, 2),
    "endpoint.create": Life(49, 1),
    "endpoint.update": Life(70, 1),
    "endpoint.change": Life(11, 1),
    "endpoint.delete": Life(118, 1),
    "deployment.create": Life(390, 1, real=True),
    "deployment.update": Life(320, 1, real=True),
    "deployment.delete": Life(118, 1),
}


@dataclass(frozen=True)
class Running:
    """One operation, as it lies in the store. Times in epoch seconds, `ended` 0 while it runs."""

    id: str
    life: str
    kind: str
    key: str
    style: Style
    started: float
    polls: int = 0
    ended: float = 0.0
    forced: str | None = None  # the state a fault makes it end in
    outcome: str | None = None
    error: Body | None = None


class Operations:
    """The operations of one twin."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock = time.time,
        faults: Faults | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._faults = faults or Faults()
        self._lock = threading.RLock()

    def begin(self, life: str, kind: str, key: str, *, forced: str | None = None) -> str:
        """Start the change called `life` on a document; the id of the operation."""
        style: Style = "compute" if kind == "compute" else "mfe"
        prefix = {"endpoint": "oeidp", "deployment": "odidp"}.get(kind)
        name = f"{prefix}:{self._settings.workspace_guid}:{uuid4()}" if prefix else str(uuid4())
        self._put(Running(name, life, kind, key, style, self._clock(), forced=forced))
        self._store.update(kind, key, operation=name)
        return name

    def headers(self, name: str, version: str, *, result: bool = False) -> dict[str, str]:
        """What the answer that began an operation says about it.

        `result` adds the Location of a DELETE; `version` is the api-version of the request.
        """
        style = self._need(name).style
        segment = "computeOperationsStatus" if style == "compute" else "mfeOperationsStatus"
        found = {"Azure-AsyncOperation": self._url(segment, name, version)}
        if result:
            found["Location"] = self.result_address(name, version)
        if style == "mfe":
            found["x-ms-async-operation-timeout"] = "PT30M"
        return found | self.pace_headers()

    def result_address(self, name: str, version: str) -> str:
        """The other address of an operation, which is where a Location leads."""
        return self._url("mfeOperationResults", name, version)

    def pace_headers(self) -> dict[str, str]:
        """Pace fast asks clients to come back soon; Azure itself never says when."""
        if self._settings.pace == "azure":
            return {}
        return {"x-ms-retry-after-ms": str(FAST_POLL_MS)}

    def unsigned(self, name: str, version: str) -> str:
        """The operation's address as a resource's own properties show it."""
        return f"{self._base()}/mfeOperationsStatus/{name}?api-version={version}"

    def poll(self, name: str) -> Running | None:
        """Count a poll and say how the operation stands; None when there is none of that name."""
        with self._lock:
            found = self._get(name)
            if found is None:
                return None
            return self._settle(_with(found, polls=found.polls + 1))

    def settle(self, kind: str, key: str) -> Body | None:
        """The document with the outcome of its operation written in; None when it is gone."""
        with self._lock:
            body = self._store.get(kind, key)
            running = self._get(str(body.get("operation"))) if body else None
            if running is None or running.outcome:
                return body
            self._settle(running)
            return self._store.get(kind, key)

    def listed(self, kind: str) -> list[Body]:
        """All documents of a kind, settled; behind them what a list that lags still names."""
        for body in self._store.list(kind):
            self.settle(kind, body["name"])
        behind = self._store.list("behind", f"{kind}/")
        for each in behind:
            if unmet := each.get("unmet"):
                self._faults.shown(unmet)
            if each["looks"] > 1:
                self._store.update("behind", each["key"], looks=each["looks"] - 1, unmet="")
            else:
                self._store.delete("behind", each["key"])
        return [*self._store.list(kind), *(each["body"] for each in behind)]

    def under_way(self, body: Body) -> str | None:
        """The life a document is going through right now, such as `endpoint.delete`, or None."""
        running = self._get(str(body.get("operation")))
        return running.life if running and not running.outcome else None

    def body(self, running: Running, segment: str, version: str) -> Body:
        """The body of a poll."""
        if running.style == "compute":
            return _compute_body(running)
        address = f"{self._base(host=False)}/{segment}/{running.id}"
        return _mfe_body(running, address, version)

    def _settle(self, running: Running) -> Running:
        outcome = running.outcome or self._outcome(running)
        if outcome and not running.outcome:
            running = self._end(running, outcome)
        self._put(running)
        return running

    def _outcome(self, running: Running) -> str | None:
        """How the operation has ended, or None while it goes on."""
        if not self._due(running):
            return None
        if running.forced:
            return running.forced
        if running.life.endswith(".delete"):
            return "Succeeded"
        body = self._store.get(running.kind, running.key)
        if body is None:
            return "Failed"  # deleted from under it
        state = body.get("provisioningState")
        if LIVES[running.life].real:
            return state if state in ("Succeeded", "Failed") else None
        return "Failed" if body.get("failure") else "Succeeded"

    def _due(self, running: Running) -> bool:
        """Whether enough time has passed, or at pace fast enough polls."""
        life, elapsed = LIVES[running.life], self._clock() - running.started
        if self._faults.take(Stuck, running.life):
            return False
        if self._settings.pace == "azure":
            return elapsed >= life.seconds
        return running.polls >= life.polls or elapsed >= _PATIENCE

    def _end(self, running: Running, outcome: str) -> Running:
        """Write the outcome where it belongs: into the document, or remove the document."""
        body = self._store.get(running.kind, running.key) or {}
        failure = body.get("failure") or _failure(running)
        if outcome == "Succeeded" and running.life.endswith(".delete"):
            self._store.delete(running.kind, running.key)
            if lags := self._faults.take(Lags, f"{running.kind}.list"):
                key = f"{running.kind}/{running.key}"
                late = {"key": key, "looks": lags.looks, "unmet": written(lags), "body": body}
                self._store.put("behind", key, late)
            for child in self._store.list("deployment", f"{running.key}/"):
                self._store.delete("deployment", f"{running.key}/{child['name']}")
        elif running.life.endswith(".delete"):
            self._store.update(running.kind, running.key, provisioningState="Succeeded")
        elif outcome == "Succeeded":
            self._store.update(running.kind, running.key, provisioningState=outcome)
        else:
            changes = {"provisioningState": outcome, "failure": failure}
            self._store.update(running.kind, running.key, **changes)
        error = None if outcome == "Succeeded" else failure
        return _with(running, outcome=outcome, ended=self._clock(), error=error)

    def _url(self, segment: str, name: str, version: str) -> str:
        """Signed as Azure signs them since 2024: t, c, s and h differ in every answer."""
        service = "&service=new" if segment == "computeOperationsStatus" else ""
        ticks = _TICKS_1970 + int(self._clock() * 10_000_000)
        certificate, signature = secrets.token_urlsafe(1600), secrets.token_urlsafe(256)
        return (
            f"{self._base()}/{segment}/{name}?api-version={version}{service}"
            f"&t={ticks}&c={certificate}&s={signature}&h={secrets.token_urlsafe(32)}"
        )

    def _base(self, *, host: bool = True) -> str:
        path = (
            f"/subscriptions/{self._settings.subscription}/providers/"
            f"Microsoft.MachineLearningServices/locations/{self._settings.region}"
        )
        return f"https://management.azure.com{path}" if host else path

    def _get(self, name: str) -> Running | None:
        body = self._store.get("operation", name)
        return Running(**body) if body else None

    def _need(self, name: str) -> Running:
        found = self._get(name)
        if found is None:
            raise KeyError(name)
        return found

    def _put(self, running: Running) -> None:
        self._store.put("operation", running.id, asdict(running))


def stamp(seconds: float) -> str:
    """Epoch seconds as the service prints a time: seven decimals and `+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")


def _compute_body(running: Running) -> Body:
    if running.outcome is None:
        return {"status": "InProgress"}
    if running.outcome == "Succeeded":
        return {"status": "Succeeded", "percentComplete": 100.0}
    return {"status": running.outcome, "error": running.error}


def _mfe_body(running: Running, address: str, version: str) -> Body:
    """Never "InProgress"; percentComplete stays 0.0; the order of keys follows the api-version."""
    identity = {"id": address, "name": running.id}
    if running.outcome not in (None, "Succeeded"):
        error = {**(running.error or {}), "details": [], "additionalInfo": []}
        return {"error": error, **identity, "status": running.outcome}
    times = {
        "startTime": stamp(running.started),
        "endTime": stamp(running.ended) if running.ended else _NEVER,
        "percentComplete": 0.0,
    }
    status = {"status": running.outcome or "Updating"}
    return identity | (status | times if version >= _NAME_FIRST else times | status)


def _failure(running: Running) -> Body:
    """The error of an operation that a fault ended."""
    return {
        "code": "UserError" if running.style == "mfe" else "InternalServerError",
        "message": f"The operation {running.life} ended in {running.forced}.",
    }


def _with(running: Running, **changes: Any) -> Running:
    return Running(**{**asdict(running), **changes})
