"""What two requests must share to be the same: method, canonical URL, canonical body."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from typing import Any

from harness.wire.message import Body, Upload

Key = tuple[str, str, str]

_BLOCK = re.compile(r"(?<=<Latest>)[^<]+(?=</Latest>)")


def key_of(method: str, url: str, body: Body) -> Key:
    """The key of a scrubbed request. Order of query parameters and of JSON keys does not count."""
    return method, canonical_url(url), canonical_body(body)


def canonical_url(url: str) -> str:
    """Query parameters in alphabetical order; a changed api-version is another URL."""
    place, _, query = url.partition("?")
    text = f"{place}?{'&'.join(sorted(query.split('&')))}" if query else place
    return _unnumbered(text)


def canonical_body(body: Body) -> str:
    """JSON with its keys in order; any other text as it is; an upload as hash and size."""
    if body is None:
        return ""
    if isinstance(body, Upload):
        return f"sha256:{body.sha256}:{body.size}"
    if body[:1] in "{[":
        with suppress(ValueError):
            body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    return _unnumbered(body)


def _unnumbered(text: str) -> str:
    """Ids that the client made are alike: another run makes others."""
    return re.sub(r"<made:\d+", "<made", text) if "<made" in text else text


class Blocks:
    """Block ids are random, and tell which part of a large upload a request carries.

    Each is replaced by the hash of its content, so that the list of blocks at the end still says
    which content comes where.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, str] = {}

    def named(self, operation: str | None, url: str, body: Body) -> tuple[str, Body]:
        """URL and body with block ids replaced; of other operations they are unchanged."""
        if operation == "blob.block":
            found = re.search(r"(?<=[?&]blockid=)[^&]+", url)
            if found:
                hashed = canonical_body(body).removeprefix("sha256:")
                if not isinstance(body, Upload):
                    hashed = hashlib.sha256(hashed.encode()).hexdigest()
                self._by_id[_plain(found[0])] = f"<block:{hashed[:12]}>"
                return url.replace(found[0], self._by_id[_plain(found[0])]), body
        if operation == "blob.blocklist" and isinstance(body, str):
            return url, _BLOCK.sub(lambda id_: self._by_id.get(id_[0], id_[0]), body)
        return url, body


def _plain(block_id: str) -> str:
    """A block id as it stands in the block list, where nothing is percent-encoded."""
    return block_id.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/")


def styled(text: str) -> tuple[Any, str] | None:
    """The JSON value of a text and the style that writes it again, byte for byte; else None."""
    if text[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return next(((value, name) for name in STYLES if text == rendered(value, name)), None)


def rendered(value: Any, style: str) -> str:
    """A JSON value as text in one of the styles."""
    return STYLES[style].encode(value)


STYLES = {
    "compact": json.JSONEncoder(separators=(",", ":")),
    "spaced": json.JSONEncoder(),
    "indented": json.JSONEncoder(indent=2),
    "compact-utf8": json.JSONEncoder(separators=(",", ":"), ensure_ascii=False),
    "spaced-utf8": json.JSONEncoder(ensure_ascii=False),
    "indented-utf8": json.JSONEncoder(indent=2, ensure_ascii=False),
}
