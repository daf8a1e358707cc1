"""One recorded exchange as a replay sees it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from harness.wire.canonical import rendered
from harness.wire.cassette import Cassette
from harness.wire.message import Body, Upload

_POLLED = ("azure-asyncoperation", "location")


@dataclass(slots=True, eq=False)
class Entry:
    """A request that may come, and its answer; `plays` counts how often it came."""

    cassette: Cassette
    number: int  # in its file, from 1
    step: int
    operation: str
    method: str
    uri: str
    sent: Body
    recorded: dict[str, Any]  # the response as it stands in the file
    fold: str | None  # polls | repeats: may come more often
    by_test: bool
    plays: int = 0
    place: int = 0  # among the entries of its resource
    content: bytes | None = None

    @property
    def name(self) -> str:
        """Where it stands: `5_job.json #3 job.get`."""
        return f"{self.cassette.path.name} #{self.number} {self.operation}"

    @property
    def resource(self) -> str:
        """What it is about: entries of one resource come in order, others as they like.

        The blocks of a large upload come from threads and are in no order either.
        """
        place = f"{self.uri.partition('?')[0].lower()}"
        return f"{place}#{self.sent}" if self.operation == "blob.block" else place

    def answer(self) -> bytes:
        """The body of the answer, byte for byte as it was recorded, scrubbing apart."""
        if self.content is None:
            self.content = content_of(self.recorded["body"])
        return self.content

    def headers(self) -> dict[str, str]:
        """The headers of the answer, with those that tell a poller not to wait."""
        headers = {name: values[0] for name, values in self.recorded["headers"].items()}
        if any(name in headers for name in _POLLED):
            headers["x-ms-retry-after-ms"] = "1"
        headers["content-length"] = str(len(self.answer()))
        return headers


def entries_of(cassette: Cassette) -> list[Entry]:
    """The entries of a file, in order. Raises KeyError or TypeError where it is malformed."""
    interactions = cassette.interactions
    return [
        _entry(cassette, number, interaction, interactions)
        for number, interaction in enumerate(interactions, start=1)
    ]


def _entry(
    cassette: Cassette, number: int, interaction: dict[str, Any], others: list[dict[str, Any]]
) -> Entry:
    request, response = interaction["request"], interaction["response"]
    if "same_as" in response["body"]:
        response = {**response, "body": others[response["body"]["same_as"] - 1]["response"]["body"]}
    return Entry(
        cassette=cassette,
        number=number,
        step=cassette.step,
        operation=interaction["operation"],
        method=request["method"],
        uri=request["uri"],
        sent=_sent(request["body"], interaction.get("request_style", "spaced")),
        recorded=response,
        fold=interaction.get("fold"),
        by_test=interaction.get("asked_by") == "test",
    )


def _sent(body: Any, style: str) -> Body:
    if body is None or isinstance(body, str):
        return body
    if isinstance(body, dict) and body.keys() == {"sha256", "bytes"}:
        return Upload(body["sha256"], body["bytes"])
    return rendered(body, style)


def content_of(body: dict[str, Any]) -> bytes:
    """The bytes of a response body as it stands in a file."""
    if "json" in body:
        return rendered(body["json"], body.get("style", "compact")).encode()
    if "lines" in body:
        return "\n".join(body["lines"]).encode()
    if "base64" in body:
        return base64.b64decode(body["base64"])
    return str(body["string"]).encode()
