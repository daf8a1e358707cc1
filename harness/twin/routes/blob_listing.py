"""List Blobs: a page of a container, flat or folded at a delimiter."""

from __future__ import annotations

import base64
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from starlette.requests import Request
from starlette.responses import Response

from harness.twin.blob_errors import BlobError
from harness.twin.blob_store import Blob, BlobStore
from harness.twin.routes.blob_answers import dump, headers, moment

_PAGE = 5000  # blobs in a page, as on Azure
Entry = tuple[str, Blob | None]  # a name, and its blob unless it is a folded prefix


def page(request: Request, store: BlobStore) -> Response:
    """Answer the listing asked for. Raises BlobError."""
    query = request.query_params
    container, prefix = request.path_params["container"], query.get("prefix", "")
    start, most = _unmark(query.get("marker", "")), _most(query.get("maxresults", str(_PAGE)))
    blobs = store.blobs(container, prefix)
    entries = _folded(blobs, len(prefix), query.get("delimiter", ""))
    entries = [entry for entry in entries if entry[0] >= start]
    following = _mark(entries[most][0]) if len(entries) > most else ""
    root = _xml(request, store, entries[:most], following)
    return Response(dump(root), 200, headers(request), "application/xml")


def _xml(request: Request, store: BlobStore, entries: list[Entry], following: str) -> Element:
    query = request.query_params
    root = Element(
        "EnumerationResults",
        ServiceEndpoint=f"https://{request.url.hostname}/",
        ContainerName=request.path_params["container"],
    )
    for name, tag in _ECHOED.items():
        if name in query:
            SubElement(root, tag).text = _clean(query[name])
    found = SubElement(root, "Blobs")
    with_metadata = "metadata" in query.get("include", "").split(",")
    for _, blob in entries:
        if blob:
            _blob_element(found, blob, store.md5(blob), with_metadata)
    for name, blob in entries:
        if blob is None:
            _name(SubElement(found, "BlobPrefix"), name)
    SubElement(root, "NextMarker").text = following
    return root


_ECHOED = {
    "prefix": "Prefix",
    "marker": "Marker",
    "maxresults": "MaxResults",
    "delimiter": "Delimiter",
}


def _folded(blobs: list[Blob], skip: int, delimiter: str) -> list[Entry]:
    """Names with their blobs; what lies behind a delimiter is one name without."""
    found: dict[str, Blob | None] = {}
    for blob in blobs:
        head, mark, _ = blob.name[skip:].partition(delimiter) if delimiter else ("", "", "")
        name = blob.name[:skip] + head + mark if mark else blob.name
        found.setdefault(name, None if mark else blob)
    return list(found.items())


def _mark(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode("utf-8", "surrogatepass")).decode()


def _unmark(marker: str) -> str:
    try:
        return base64.urlsafe_b64decode(marker).decode("utf-8", "surrogatepass")
    except ValueError:
        raise BlobError("InvalidQueryParameterValue", f"marker={marker}") from None


def _most(asked: str) -> int:
    if not asked.isdecimal() or asked == "0":
        raise BlobError("InvalidQueryParameterValue", f"maxresults={asked}")
    return min(int(asked), _PAGE)


def _blob_element(parent: Element, blob: Blob, md5: str | None, with_metadata: bool) -> None:
    element = SubElement(parent, "Blob")
    _name(element, blob.name)
    values = {
        "Creation-Time": moment(blob.modified),
        "Last-Modified": moment(blob.modified),
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        "Content-Type": blob.record.content_type,
        "Content-MD5": md5 or "",
        "BlobType": "BlockBlob",  # the client fails without it
        "AccessTier": "Hot",
        "AccessTierInferred": "true",
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
        "ServerEncrypted": "true",
    }
    known = SubElement(element, "Properties")
    for name, value in values.items():
        SubElement(known, name).text = value
    if with_metadata:
        metadata = SubElement(element, "Metadata")
        for name, value in blob.record.metadata.items():
            SubElement(metadata, name).text = value


def _name(parent: Element, name: str) -> None:
    """A Name; percent-encoded and marked so when XML cannot carry it."""
    if _clean(name) == name:
        SubElement(parent, "Name").text = name
    else:
        SubElement(parent, "Name", Encoded="true").text = quote(name)


def _clean(text: str) -> str:
    return "".join(letter for letter in text if _in_xml(letter))


def _in_xml(letter: str) -> bool:
    """Whether XML 1.0 can carry the letter and give it back; it turns CR into LF."""
    return (
        letter in "\t\n"
        or " " <= letter < "\ud800"
        or "\ue000" <= letter < "\ufffe"
        or letter > "\uffff"
    )
