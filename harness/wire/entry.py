"""One recorded exchange as a replay sees it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import CassetteError
from harness.wire.canonical import rendered
from harness.wire.cassette import Cassette, Interaction
from harness.wire.message import Body, Upload

MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)
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
    resource: str  # what it is about: entries of one resource come in order, others as they like
    fold: str | None  # polls | repeats: may come more often
    by_test: bool
    plays: int = 0
    place: int = 0  # among the entries of its resource
    recorded: Answer | None = None

    @property
    def name(self) -> str:
        """Where it stands: `5_job.json #3 job.get`."""
        return f"{self.cassette.path.name} #{self.number} {self.operation}"

    def answer(self) -> Answer:
        """The answer, byte for byte as it was recorded, scrubbing apart.

        Raises CassetteError where no recording would have written it so.
        """
        if self.recorded is None:
            try:
                self.recorded = answer_of(self.cassette.interactions, self.number)
            except MALFORMED as error:
                raise not_recorded(self.cassette.path, f"answer to {self.name}", error) from error
        return self.recorded


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, reason, headers (with those that tell a poller not to wait) and bytes."""

    status: int
    reason: str
    headers: dict[str, str]
    content: bytes


def entries_of(cassette: Cassette) -> list[Entry]:
    """The entries of a file, in order.

    Raises CassetteError where no recording would have written it so.
    """
    found: list[Entry] = []
    for number, interaction in enumerate(cassette.interactions, start=1):
        try:
            found.append(_entry(cassette, number, interaction.asked))
        except MALFORMED as error:
            raise not_recorded(cassette.path, f"interaction #{number}", error) from error
    return found


def not_recorded(path: Path, what: str, error: Exception) -> CassetteError:
    """What to raise for a part of a file that is not as recordings have it."""
    return CassetteError(
        f"cassette {path} has an {what} that is not one ({error!r}).\nNext: "
        f"git checkout -- {path}, or record again with --record"
    )


def _entry(cassette: Cassette, number: int, asked: dict[str, Any]) -> Entry:
    request, operation = asked["request"], asked["operation"]
    uri, sent = request["uri"], _sent(request["body"], asked.get("request_style", "spaced"))
    return Entry(
        cassette=cassette,
        number=number,
        step=cassette.step,
        operation=operation,
        method=str(request["method"]),
        uri=uri,
        sent=sent,
        resource=_resource(operation, uri, sent),
        fold=asked.get("fold"),
        by_test=asked.get("asked_by") == "test",
    )


def _resource(operation: str, uri: str, sent: Body) -> str:
    """The blocks of a large upload come from threads and are in no order."""
    place = uri.partition("?")[0].lower()
    return f"{place}#{sent}" if operation == "blob.block" else place


def _sent(body: Any, style: str) -> Body:
    if body is None or isinstance(body, str):
        return body
    if isinstance(body, dict) and body.keys() == {"sha256", "bytes"}:
        return Upload(body["sha256"], body["bytes"])
    return rendered(body, style)


def answer_of(interactions: Sequence[Interaction], number: int) -> Answer:
    """The answer of one interaction (the first is 1); equal bodies are written down once."""
    told = interactions[number - 1].answer()
    body = told["body"]
    if "same_as" in body:
        body = interactions[body["same_as"] - 1].answer()["body"]
    content = content_of(body)
    headers = {name: values[0] for name, values in told["headers"].items()}
    if any(name in headers for name in _POLLED):
        headers["x-ms-retry-after-ms"] = "1"
    headers["content-length"] = str(len(content))
    return Answer(told["status"]["code"], told["status"]["message"], headers, content)


def content_of(body: dict[str, Any]) -> bytes:
    """The bytes of a response body as it stands in a file."""
    if "json" in body:
        return rendered(body["json"], body.get("style", "compact")).encode()
    if "lines" in body:
        return "\n".join(body["lines"]).encode()
    if "base64" in body:
        return base64.b64decode(body["base64"])
    return str(body["string"]).encode()
