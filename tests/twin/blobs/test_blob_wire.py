"""The blob service's answers, byte by byte, where the client library hides them."""

from __future__ import annotations

import base64
import hashlib
import http.client
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import quote, unquote, urlencode
from xml.etree import ElementTree

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.twin.blob_store import BlobStore

STORAGE = "https://storage.azure.com"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str | None:
        """The Code of an error's XML."""
        return ElementTree.fromstring(self.body).findtext("Code")


@dataclass(frozen=True)
class Wire:
    """A kept-alive connection that signs what it sends, unless told not to."""

    connection: http.client.HTTPSConnection
    store: BlobStore  # over the same folder as the server's

    def send(
        self, method: str, path: str, body: bytes = b"", sign: bool = True, **headers: str
    ) -> Answer:
        """Send one request; underscores in header names stand for dashes."""
        mark = "&" if "?" in path else "?"
        target = f"{path}{mark}{self.store.account_sas(1)}" if sign else path
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, target, body, named)
        answer = self.connection.getresponse()
        known = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, known, answer.read())

    def put(self, path: str, body: bytes, **headers: str) -> Answer:
        """Put a block blob."""
        return self.send("PUT", path, body, x_ms_blob_type="BlockBlob", **headers)


@pytest.fixture(scope="module")
def wire(service: Any) -> Iterator[Wire]:
    """A connection to the shared service, and a container `wire` there."""
    trust = ssl.create_default_context(cafile=service.ca)
    connection = http.client.HTTPSConnection("127.0.0.1", service.port, context=trust, timeout=20)
    found = Wire(connection, BlobStore(service.root))
    found.send("PUT", "/wire?restype=container")
    yield found
    connection.close()
    found.store.close()


def test_head_of_nothing(wire: Wire) -> None:
    """An unknown blob is 404 with a code in the headers and no body, as recorded."""
    answer = wire.send("HEAD", "/wire/none")

    assert (answer.status, answer.body) == (404, b"")
    assert answer.headers["x-ms-error-code"] == "BlobNotFound"


def test_answer_to_an_upload(wire: Wire) -> None:
    """An upload answers with the headers the recorded service sends."""
    answer = wire.put("/wire/up", b"hello", x_ms_meta_kept="yes")

    assert answer.status == 201
    assert answer.headers["content-md5"] == "XUFAKrxLKna5cZ2REBfFkg=="
    assert answer.headers["x-ms-request-server-encrypted"] == "true"
    assert answer.headers["etag"].startswith('"0x8D')
    seen = wire.send("HEAD", "/wire/up").headers
    assert (seen["x-ms-meta-kept"], seen["content-length"]) == ("yes", "5")
    assert (seen["etag"], seen["x-ms-blob-type"]) == (answer.headers["etag"], "BlockBlob")


def test_md5_is_checked(wire: Wire) -> None:
    """A body that is not what its Content-MD5 says is refused and not kept; blocks as well."""
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    block = base64.b64encode(b"1").decode()

    answers = [
        wire.put("/wire/md5", b"hello", content_md5=wrong),
        wire.send("PUT", f"/wire/md5?comp=block&blockid={block}", b"hello", content_md5=wrong),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(400, "Md5Mismatch")] * 2
    assert wire.put("/wire/md5", b"hello", content_md5="short").code == "InvalidMd5"
    assert wire.send("HEAD", "/wire/md5").status == 404


@pytest.mark.parametrize(
    ("asked", "status", "content_range", "body"),
    [
        ("bytes=0-3", 206, "bytes 0-3/10", b"0123"),
        ("bytes=7-", 206, "bytes 7-9/10", b"789"),
        ("bytes=8-99", 206, "bytes 8-9/10", b"89"),
        ("bytes=10-", 416, "bytes */10", None),
    ],
)
def test_ranges(
    wire: Wire, asked: str, status: int, content_range: str, body: bytes | None
) -> None:
    """A range is 206 with its place; one behind the end is 416 InvalidRange."""
    wire.put("/wire/range", b"0123456789")

    answer = wire.send("GET", "/wire/range", range=asked)

    assert (answer.status, answer.headers["content-range"]) == (status, content_range)
    if body is None:
        assert answer.code == "InvalidRange"
    else:
        assert answer.body == body


def test_file_written_from_outside(wire: Wire) -> None:
    """A file the engine wrote is a blob, with MD5 and ETag of its own, and follows its changes."""
    file = wire.store.folder("wire") / "outputs" / "log.txt"
    file.parent.mkdir()
    file.write_text("one")
    first = wire.send("GET", "/wire/outputs/log.txt")
    file.write_text("one two")
    second = wire.send("GET", "/wire/outputs/log.txt")

    assert (first.body, second.body) == (b"one", b"one two")
    for answer in (first, second):
        md5 = base64.b64encode(hashlib.md5(answer.body).digest()).decode()
        assert answer.headers["content-md5"] == md5
    assert first.headers["etag"] != second.headers["etag"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"aud": "https://management.azure.com"}, 401),
        ({"exp": 1_700_000_000}, 401),
        ({"signed with": "of somebody else, long enough to sign"}, 401),
    ],
)
def test_tokens(wire: Wire, service: Any, changes: dict[str, Any], status: int) -> None:
    """A token opens the account when it is ours, for storage, and still valid."""
    wire.put("/wire/token", b"")
    now = int(time.time())
    claims = {"aud": STORAGE, "exp": now + 60, "nbf": now - 90, "signed with": service.secret}
    claims |= changes
    token = jwt.encode(claims, str(claims.pop("signed with")), "HS256")

    answer = wire.send("GET", "/wire/token", sign=False, authorization=f"Bearer {token}")

    assert answer.status == status
    if status == 401:
        assert answer.code == "InvalidAuthenticationInfo"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_not_a_token(wire: Wire) -> None:
    """What is no JWT at all is refused in the same way."""
    answer = wire.send("GET", "/wire/token", sign=False, authorization="Bearer not.a.token")

    assert (answer.status, answer.code) == (401, "InvalidAuthenticationInfo")


def test_tampered_signature(wire: Wire) -> None:
    """A signature does not survive a change of any field it covers."""
    wire.put("/wire/signed", b"x")
    url = wire.store.signed_url("wire", "signed").partition(".net")[2]
    assert wire.send("GET", url, sign=False).status == 200

    changed = [
        url.replace("sp=r", "sp=rw"),
        url.replace("/signed", "/up"),
        url.replace("sr=b", "sr=c"),
        url.replace("se=2", "se=3"),
        url.replace("sv=2023", "sv=2022"),
    ]

    for attempt in changed:
        assert wire.send("GET", attempt, sign=False).code == "AuthenticationFailed"


def test_names_do_not_lead_out(wire: Wire) -> None:
    """Dots in a name are letters, not directions: nothing outside the container is reachable."""
    outside = wire.store.root.parent / "outside.txt"
    outside.write_text("secret")
    names = ["../../outside.txt", "..", "a/../../../outside.txt", "../.meta/account.key"]

    for name in names:
        path = f"/wire/{quote(name, safe='')}"
        assert wire.send("GET", path).status == 404
        assert wire.put(path, b"mine").status == 201
        assert wire.send("GET", path).body == b"mine"
        wire.send("DELETE", path)

    assert outside.read_text() == "secret"
    assert wire.send("GET", "/.meta/account.key").code == "InvalidResourceName"


_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\n")
_SEGMENTS = st.sampled_from(["", ".", "..", "a", "b", "a b", "ä", "%41", "x" * 300]) | st.text(
    _LETTERS, max_size=8
)
_NAMES = st.lists(_SEGMENTS, min_size=1, max_size=4).map("/".join).filter(bool)
_numbers = count()


@settings(max_examples=40, deadline=None)
@given(st.lists(_NAMES, min_size=1, max_size=5, unique=True))
def test_any_names(wire: Wire, names: list[str]) -> None:
    """Whatever blobs are called, each keeps its content, and the listing is exactly these."""
    container = f"names{next(_numbers)}"
    wire.send("PUT", f"/{container}?restype=container")
    for name in names:
        assert wire.put(f"/{container}/{quote(name, safe='')}", name.encode()).status == 201

    for name in names:
        assert wire.send("GET", f"/{container}/{quote(name, safe='')}").body == name.encode()
    assert sorted(_listed(wire, container)) == sorted(names)
    assert sorted(_listed(wire, container, maxresults=2)) == sorted(names)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(4)), st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_any_block_order(wire: Wire, sent: list[int], listed: list[int]) -> None:
    """The block list alone decides what the blob is, in whatever order blocks were sent."""
    ids = [base64.b64encode(f"{number:04}".encode()).decode() for number in range(4)]
    for number in sent:
        place = urlencode({"comp": "block", "blockid": ids[number]})
        assert wire.send("PUT", f"/wire/blocks?{place}", b"%d" % number * 3).status == 201
    items = "".join(f"<Latest>{ids[number]}</Latest>" for number in listed)
    xml = f"<?xml version='1.0'?><BlockList>{items}</BlockList>".encode()

    answer = wire.send("PUT", "/wire/blocks?comp=blocklist", xml)

    assert answer.status == 201
    body = wire.send("GET", "/wire/blocks").body
    assert body == b"".join(b"%d" % number * 3 for number in listed)


def _listed(wire: Wire, container: str, **query: Any) -> Iterator[str]:
    """The names of a container, page by page."""
    marker: str | None = ""
    while marker is not None:
        asked = urlencode({"restype": "container", "comp": "list", "marker": marker, **query})
        root = ElementTree.fromstring(wire.send("GET", f"/{container}?{asked}").body)
        for name in root.findall("Blobs/Blob/Name"):
            yield _decoded(name)
        marker = root.findtext("NextMarker") or None


def _decoded(name: ElementTree.Element) -> str:
    text = name.text or ""
    return unquote(text) if name.get("Encoded") == "true" else text
