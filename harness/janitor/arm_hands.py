"""Plain requests as the janitor's hands: what the watchdog and `sweep` delete with.

They must work when the SDK under test does not even import (seven of eight releases tried do not
in a fresh environment), begin in a quarter of a second, and stay small.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.janitor.hands import Found
from harness.janitor.kinds import KINDS, TERMINAL
from harness.janitor.ledger import Place

if TYPE_CHECKING:
    from requests import Response

ARM = "https://management.azure.com"
API = "2024-04-01"
SCOPE = f"{ARM}/.default"
_TIMEOUT = 60.0  # seconds for one answer
_POLL = 2.0  # seconds between looks, when the service does not say


class ArmError(HarnessError):
    """Azure Resource Manager refused, or an operation of its ended badly (then status 200)."""

    def __init__(self, status: int, what: str) -> None:
        self.status_code = status
        super().__init__(what)


class ArmHands:
    """One workspace by its address. Not for several threads to `renew`, else thread-safe."""

    def __init__(self, place: Place) -> None:
        import requests

        self._place = place
        self._session = requests.Session()
        self._token = ""

    @property
    def place(self) -> Place:
        """The workspace."""
        return self._place

    def present(self, kind: str, name: str) -> bool:
        """Whether a GET finds it and, of a job, whether it has not ended."""
        answer = self._send("GET", self._url(kind, name), fine=(200, 404))
        if answer.status_code == 404:
            return False
        return kind != "job" or _properties(answer.json()).get("status") not in TERMINAL

    def delete(self, kind: str, name: str, seconds: float) -> None:
        """Ask for it, then follow the operation, or of a job its status."""
        until = time.monotonic() + seconds
        if kind == "job":
            self._send("POST", self._url(kind, name, "/cancel"), fine=(200, 202, 404))
            while self.present(kind, name) and time.monotonic() < until:
                time.sleep(0.3)
            return
        more = "&underlyingResourceAction=Delete" if kind == "compute" else ""
        answer = self._send("DELETE", self._url(kind, name) + more, fine=(200, 202, 204, 404))
        operation = answer.headers.get("Azure-AsyncOperation")
        if answer.status_code == 202 and operation:
            self._follow(operation, until)

    def floor(self, name: str) -> int:
        """How many nodes that cluster keeps when nobody uses it."""
        found = self._send("GET", self._url("compute", name), fine=(200,)).json()
        return int(_scale(found).get("minNodeCount") or 0)

    def scale_to_zero(self, name: str, seconds: float) -> None:
        """Send what a GET shows of it again, with no node to keep; follow the operation."""
        url = self._url("compute", name)
        found = self._send("GET", url, fine=(200,)).json()
        inner = _properties(found)["properties"]
        kept = {key: inner[key] for key in ("vmSize", "vmPriority") if inner.get(key)}
        scale = {"scaleSettings": {**_scale(found), "minNodeCount": 0}}
        body = {
            "location": found["location"],
            "tags": found.get("tags") or {},
            "properties": {"computeType": "AmlCompute", "properties": kept | scale},
        }
        answer = self._send("PUT", url, fine=(200, 201, 202), body=body)
        if operation := answer.headers.get("Azure-AsyncOperation"):
            self._follow(operation, time.monotonic() + seconds)

    def names(self, kind: str) -> list[str]:
        """All names in the list."""
        return [found.name for found in self.listed(kind)]

    def listed(self, kind: str) -> list[Found]:
        """All that the list shows; of jobs, those that have not ended."""
        return [_found(kind, item) for item in self._pages(self._url(kind)) if _costs(kind, item)]

    def renew(self) -> None:
        """The next request asks for a new token, of a new credential."""
        self._token = ""

    def _follow(self, operation: str, until: float) -> None:
        """Poll until it ends or time is up. Raises ArmError when it ended badly."""
        while time.monotonic() < until:
            answer = self._send("GET", operation, fine=(200, 202, 404))
            told = answer.json() if answer.content and answer.status_code != 404 else {}
            state = str(
                (told or {}).get("status", "Succeeded" if answer.status_code != 202 else "")
            )
            if state in ("Failed", "Canceled"):
                raise ArmError(200, f"the operation ended as {state}: {told.get('error')}")
            if state == "Succeeded":
                return
            asked = answer.headers.get("x-ms-retry-after-ms")
            time.sleep(float(asked) / 1000 if asked else _POLL)

    def _pages(self, url: str) -> Iterator[Mapping[str, Any]]:
        while url:
            body = self._send("GET", url, fine=(200,)).json()
            yield from body["value"]
            url = str(body.get("nextLink") or "")

    def _send(
        self, method: str, url: str, fine: tuple[int, ...], body: Mapping[str, Any] | None = None
    ) -> Response:
        if not url.startswith(f"{ARM}/"):
            raise ArmError(200, f"{url} is not an address of {ARM}; no token is sent there")
        answer = self._session.request(
            method,
            url,
            json=body,
            headers={"Authorization": f"Bearer {self._bearer()}"},
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        if answer.status_code not in fine:
            raise ArmError(answer.status_code, f"HTTP {answer.status_code}: {_why(answer)}")
        return answer

    def _bearer(self) -> str:
        if not self._token:
            from azure.identity import DefaultAzureCredential

            self._token = str(DefaultAzureCredential().get_token(SCOPE).token)
        return self._token

    def _url(self, kind: str, name: str = "", action: str = "") -> str:
        below = f"{KINDS[kind].path}/{name}" if name else KINDS[kind].path
        return f"{ARM}{self._place.address}/{below}{action}?api-version={API}"


def _found(kind: str, item: Mapping[str, Any]) -> Found:
    """Tags of endpoints and clusters lie outside `properties`, those of jobs inside."""
    properties = _properties(item)
    inner = properties.get("properties") or {}
    return Found(
        kind=kind,
        name=str(item["name"]),
        tags=item.get("tags") or properties.get("tags") or {},
        size=str(inner.get("vmSize") or ""),
        count=int(_scale(item).get("maxNodeCount") or 0),
    )


def _costs(kind: str, item: Mapping[str, Any]) -> bool:
    return kind != "job" or _properties(item).get("status") not in TERMINAL


def _properties(item: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = item.get("properties") or {}
    return found


def _scale(item: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = _properties(item).get("properties") or {}
    found: Mapping[str, Any] = inner.get("scaleSettings") or {}
    return found


def _why(answer: Response) -> str:
    try:
        error = answer.json()["error"]
        return f"{error.get('code')}: {error.get('message')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.text[:300] or "no body"
