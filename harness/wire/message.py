"""One whole exchange, with bodies: what a recording keeps in memory and a cassette is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGE = 64 * 1024  # bytes; a request body above this is kept as hash and size
UPLOADS = ("blob.put", "blob.block")  # never kept otherwise: the content is the user's data


@dataclass(frozen=True)
class Upload:
    """A request body that is not kept: its SHA-256 and its size in bytes."""

    sha256: str
    size: int


Body = str | Upload | None


@dataclass(frozen=True)
class Message:
    """A request and its answer. Times are seconds since the recording began.

    `in_step` is False for what a test or fixture asked between two steps.
    """

    step: int
    in_step: bool
    operation: str | None
    method: str
    url: str
    headers: Mapping[str, str]
    body: Body
    status: int
    reason: str
    answer_headers: Mapping[str, str]
    answer: bytes
    at: float
    until: float


def body_of(body: Any, operation: str | None = None) -> Body:
    """The body of a request as it is kept; uploads and binary are hash and size only.

    A file is read and put back where it stood. Raises TypeError for a body that can be read only
    once, such as a generator: nobody could both keep and send it.
    """
    if body is None or body == b"" or body == "":
        return None
    if hasattr(body, "read") and hasattr(body, "seek"):
        start = body.tell()
        content = body.read()
        body.seek(start)
        return body_of(content, operation) or Upload(hashlib.sha256(b"").hexdigest(), 0)
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, (bytes, bytearray)):
        raise TypeError(f"a request body of type {type(body).__name__} can be read only once")
    if len(body) <= LARGE and operation not in UPLOADS:
        try:
            return bytes(body).decode()
        except UnicodeDecodeError:
            pass
    return Upload(hashlib.sha256(body).hexdigest(), len(body))
