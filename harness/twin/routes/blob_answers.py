"""How the blob service answers: headers and XML as recorded traffic has them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from email.utils import formatdate
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from starlette.requests import Request
from starlette.responses import Response

from harness.twin.blob_access import VERSION
from harness.twin.blob_errors import BlobError
from harness.twin.blob_store import Blob

_XML = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>'  # with the byte order mark


def headers(request: Request) -> dict[str, str]:
    """What every answer of the service carries."""
    sent = request.headers
    common = {
        "Server": "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0",
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-version": sent.get("x-ms-version", VERSION),
    }
    if "x-ms-client-request-id" in sent:
        common["x-ms-client-request-id"] = sent["x-ms-client-request-id"]
    return common


def written(request: Request, blob: Blob, md5: str | None, status: int = 201) -> Response:
    """The answer to a write of a blob."""
    more = {
        "ETag": blob.etag,
        "Last-Modified": moment(blob.modified),
        "x-ms-request-server-encrypted": "true",
    }
    if md5:
        more["Content-MD5"] = md5
    return Response(status_code=status, headers=headers(request) | more)


def properties(request: Request, blob: Blob, md5: str | None, md5_name: str) -> dict[str, str]:
    """Headers that describe a blob to one who reads it."""
    described = headers(request) | {
        "Accept-Ranges": "bytes",
        "Content-Type": blob.record.content_type,
        "ETag": blob.etag,
        "Last-Modified": moment(blob.modified),
        "Vary": "Origin",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": moment(blob.modified),
        "x-ms-lease-state": "available",
        "x-ms-lease-status": "unlocked",
        "x-ms-server-encrypted": "true",
    }
    described |= {f"x-ms-meta-{name}": value for name, value in blob.record.metadata.items()}
    return described | ({md5_name: md5} if md5 else {})


def refusal(request: Request, error: BlobError, size: int | None = None) -> Response:
    """The error as XML, and in x-ms-error-code; without a body to HEAD."""
    known = headers(request) | {"x-ms-error-code": error.code}
    if error.status == 401:
        known["WWW-Authenticate"] = "Bearer resource_id=https://storage.azure.com"
    if error.status == 416:
        known["Content-Range"] = f"bytes */{size}"
    if request.method == "HEAD":
        return Response(status_code=error.status, headers=known)
    root = Element("Error")
    SubElement(root, "Code").text = error.code
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    text = f"{error.text}\nRequestId:{known['x-ms-request-id']}\nTime:{stamp}"
    SubElement(root, "Message").text = text
    if error.detail:
        name = "AuthenticationErrorDetail" if error.status in (401, 403) else "Detail"
        SubElement(root, name).text = error.detail
    return Response(dump(root), error.status, known, "application/xml")


def moment(nanoseconds: int) -> str:
    """A time of change as an HTTP date."""
    return formatdate(nanoseconds // 1_000_000_000, usegmt=True)


def dump(root: Element) -> bytes:
    """As the service sends XML."""
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return _XML + text
