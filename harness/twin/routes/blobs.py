"""Blobs: put whole or in blocks, described, read in ranges, listed, deleted.

Several operations share a path and differ in `?comp=` alone: one handler looks them up in a table.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from harness.twin.blob_access import Asked, check
from harness.twin.blob_errors import BlobError
from harness.twin.blob_files import Upload
from harness.twin.blob_records import Record
from harness.twin.blob_store import Blob, BlobStore
from harness.twin.errors import WireFailure
from harness.twin.routes.blob_answers import (
    headers,
    properties,
    refusal,
    written,
)
from harness.twin.routes.blob_listing import page
from harness.twin.routes.blob_requests import block_list, byte_range, want_md5
from harness.twin.routing import on
from harness.twin.state import twin

_CHUNK = 1 << 20  # bytes held in memory of any body, in or out
_SUFFIX = ".blob.core.windows.net"


@dataclass(frozen=True)
class Call:
    """One request to the blob service."""

    request: Request
    store: BlobStore
    container: str
    blob: str  # empty when the container itself is asked for

    def header(self, name: str) -> str | None:
        """The value of a request header, or None."""
        return self.request.headers.get(name)


async def answer(request: Request) -> Response:
    """Check who asks, then do what is asked; refusals in the service's own words."""
    params = request.path_params
    call = Call(request, twin(request).blobs, params["container"], params.get("blob", ""))
    query = request.query_params
    level = "blob" if "blob" in params else "container"
    handler, need = _TABLE[level, request.method, query.get("comp", "")]
    try:
        _authorize(call, need)
        return await handler(call)
    except BlobError as error:
        await _drain(request)  # answering into an unread body breaks the client's connection
        return refusal(request, error)


async def head(call: Call) -> Response:
    """Get Blob Properties."""
    blob, md5 = await run_sync(_read_properties, call)
    known = properties(call.request, blob, md5, "Content-MD5")
    tier = {"x-ms-access-tier": "Hot", "x-ms-access-tier-inferred": "true"}
    return Response(headers=known | tier | {"Content-Length": str(blob.size)})


async def get(call: Call) -> Response:
    """Get Blob, whole or a range of it."""
    blob, md5 = await run_sync(_read_properties, call)
    asked = call.header("x-ms-range") or call.header("range")
    if asked is None:
        return _body(blob, 0, blob.size, 200, properties(call.request, blob, md5, "Content-MD5"))
    try:
        start, length = byte_range(asked, blob.size)
    except BlobError as error:
        return refusal(call.request, error, blob.size)
    known = properties(call.request, blob, md5, "x-ms-blob-content-md5")
    span = {"Content-Range": f"bytes {start}-{start + length - 1}/{blob.size}"}
    return _body(blob, start, length, 206, known | span)


async def put(call: Call) -> Response:
    """Put Blob: the whole content in one request."""
    if call.header("x-ms-copy-source") or call.header("x-ms-blob-type") != "BlockBlob":
        raise BlobError("InvalidHeaderValue", "The twin keeps block blobs, uploaded as such.")
    want_md5(call.header("content-md5"))
    with call.store.upload() as upload:
        await _receive(call.request, upload)
        found = _agreed_md5(call, upload)
        record = _record(call, call.header("x-ms-blob-content-md5") or found)
        blob = await run_sync(lambda: _commit(call, upload, record))
    return written(call.request, blob, found)


async def put_metadata(call: Call) -> Response:
    """Set Blob Metadata."""
    store = call.store
    blob = await run_sync(
        lambda: store.set_metadata(
            _matched(call, store.get(call.container, call.blob)), _meta(call)
        )
    )
    return written(call.request, blob, None, status=200)


async def put_block(call: Call) -> Response:
    """Put Block: keep a piece until a block list names it."""
    block = call.request.query_params.get("blockid", "")
    want_md5(call.header("content-md5"))
    with call.store.upload() as upload:
        await _receive(call.request, upload)
        found = _agreed_md5(call, upload)
        await run_sync(lambda: call.store.stage(upload, call.container, call.blob, block))
    more = {"Content-MD5": found, "x-ms-request-server-encrypted": "true"}
    return Response(status_code=201, headers=headers(call.request) | more)


async def put_block_list(call: Call) -> Response:
    """Put Block List: make the blob of the pieces named, in that order."""
    wanted = block_list(await call.request.body())
    record = _record(call, call.header("x-ms-blob-content-md5"))
    blob = await run_sync(
        lambda: call.store.put_blocks(
            call.container, call.blob, wanted, record, only_new=_only_new(call)
        )
    )
    return written(call.request, blob, record.md5)


async def delete(call: Call) -> Response:
    """Delete Blob."""
    await run_sync(call.store.delete, call.container, call.blob)
    more = {"x-ms-delete-type-permanent": "true"}
    return Response(status_code=202, headers=headers(call.request) | more)


async def list_blobs(call: Call) -> Response:
    """List Blobs: flat, or folded at a delimiter."""
    return await run_sync(page, call.request, call.store)


async def create_container(call: Call) -> Response:
    """Create Container."""
    await run_sync(call.store.create_container, call.container)
    return Response(status_code=201, headers=headers(call.request))


_TABLE: dict[tuple[str, str, str], tuple[Callable[[Call], Awaitable[Response]], str]] = {
    # what, method, ?comp= -> handler, permission letters of which one is needed
    ("blob", "HEAD", ""): (head, "r"),
    ("blob", "GET", ""): (get, "r"),
    ("blob", "PUT", ""): (put, "cw"),
    ("blob", "PUT", "metadata"): (put_metadata, "w"),
    ("blob", "PUT", "block"): (put_block, "w"),
    ("blob", "PUT", "blocklist"): (put_block_list, "w"),
    ("blob", "DELETE", ""): (delete, "d"),
    ("container", "GET", "list"): (list_blobs, "l"),
    ("container", "PUT", ""): (create_container, "cw"),
}
routes = [
    on(name, answer)
    for name in (
        "blob.head",  # before blob.get, whose route would answer HEAD as well
        "blob.get",
        "blob.put",
        "blob.metadata",
        "blob.block",
        "blob.blocklist",
        "blob.delete",
        "blob.list",
        "container.create",
    )
]


def _authorize(call: Call, need: str) -> None:
    """Let the request pass or raise BlobError; a token opens everything."""
    if (call.header("authorization") or "").startswith("Bearer "):
        audiences = ("https://storage.azure.com", f"https://{call.store.account}{_SUFFIX}")
        try:
            twin(call.request).identity.check(call.request.headers, audiences)
        except WireFailure as failure:
            why = failure.body["error"]["message"] if isinstance(failure.body, dict) else ""
            raise BlobError("InvalidAuthenticationInfo", why) from None
    else:
        check(call.store.credentials, _asked(call, need), datetime.now(UTC))


def _asked(call: Call, need: str) -> Asked:
    request = call.request
    return Asked(
        method=request.method,
        raw_path=request.scope["raw_path"].decode("ascii").partition("?")[0],
        query=dict(request.query_params),
        headers=dict(request.headers),
        container=call.container,
        blob=call.blob or None,
        need=need,
    )


async def _drain(request: Request) -> None:
    try:
        async for _ in request.stream():
            pass
    except (ClientDisconnect, RuntimeError):  # gone, or read already
        pass


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body to disk as it comes, a mebibyte at a time, off the event loop."""
    pending = bytearray()
    async for chunk in request.stream():
        pending += chunk
        if len(pending) >= _CHUNK:
            await run_sync(upload.write, pending)
            pending = bytearray()
    if pending:
        await run_sync(upload.write, pending)


def _read_properties(call: Call) -> tuple[Blob, str | None]:
    blob = _matched(call, call.store.get(call.container, call.blob))
    return blob, call.store.md5(blob)


def _matched(call: Call, blob: Blob) -> Blob:
    """The blob, if it is the one the client means. Raises BlobError ConditionNotMet."""
    wanted = call.header("if-match")
    if wanted not in (None, "*", blob.etag):
        raise BlobError("ConditionNotMet")
    return blob


def _commit(call: Call, upload: Upload, record: Record) -> Blob:
    return call.store.put(upload, call.container, call.blob, record, only_new=_only_new(call))


def _only_new(call: Call) -> bool:
    return call.header("if-none-match") == "*"


def _record(call: Call, md5: str | None) -> Record:
    kind = call.header("x-ms-blob-content-type") or call.header("content-type")
    if call.header("content-type") == "application/xml" and not call.header(
        "x-ms-blob-content-type"
    ):
        kind = None  # a block list's own type is not the blob's
    return Record(md5=md5, content_type=kind or "application/octet-stream", metadata=_meta(call))


def _meta(call: Call) -> dict[str, str]:
    mark = "x-ms-meta-"
    sent = call.request.headers.items()
    return {name.removeprefix(mark): value for name, value in sent if name.startswith(mark)}


def _agreed_md5(call: Call, upload: Upload) -> str:
    """The MD5 of what arrived, Base64. Raises BlobError Md5Mismatch when another was announced."""
    found = base64.b64encode(upload.md5).decode()
    if call.header("content-md5") not in (None, found):
        raise BlobError("Md5Mismatch")
    return found


def _body(blob: Blob, start: int, length: int, status: int, known: dict[str, str]) -> Response:
    known["Content-Length"] = str(length)
    return StreamingResponse(_pieces(blob, start, length), status, known)


async def _pieces(blob: Blob, start: int, length: int) -> AsyncIterator[bytes]:
    """The bytes a blob had when it was looked at; one being appended to may be longer by now."""
    with blob.path.open("rb") as file:
        file.seek(start)
        while length and (piece := await run_sync(file.read, min(length, _CHUNK))):
            length -= len(piece)
            yield piece
