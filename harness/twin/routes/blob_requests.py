"""What a request to the blob service says in its headers and body."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

from harness.twin.blob_errors import BlobError


def want_md5(sent: str | None) -> None:
    """Raises BlobError InvalidMd5 when what was sent cannot be one."""
    try:
        fit = sent is None or len(base64.b64decode(sent, validate=True)) == 16
    except ValueError:
        fit = False
    if not fit:
        raise BlobError("InvalidMd5")


def block_list(body: bytes) -> list[tuple[str, str]]:
    """Where to look for each block, and its id. Raises BlobError InvalidXmlDocument."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # our own user's, on our own machine
    except ElementTree.ParseError:
        raise BlobError("InvalidXmlDocument") from None
    wanted = [(item.tag, item.text or "") for item in root]
    if any(where not in ("Latest", "Uncommitted", "Committed") for where, _ in wanted):
        raise BlobError("InvalidXmlDocument")
    return wanted


def byte_range(asked: str, size: int) -> tuple[int, int]:
    """First byte and length. Raises BlobError InvalidRange when it starts behind the end."""
    first, dash, last = asked.removeprefix("bytes=").partition("-")
    if not (dash and first.isdecimal() and (last.isdecimal() or not last)):
        raise BlobError("InvalidHeaderValue", f"range {asked!r}")
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    if start >= size or end < start:
        raise BlobError("InvalidRange")
    return start, end - start + 1
