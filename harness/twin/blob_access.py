"""Who may do what with a blob: shared access signatures and the account key.

Strings to sign as in "Create an account SAS", "Create a service SAS" and "Authorize with Shared
Key" of the storage service's REST documentation. Tokens are checked by their issuer, `identity`.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal
from urllib.parse import urlencode

from harness.twin.blob_errors import BlobError

VERSION = "2023-11-03"  # of the signatures we issue; newer ones are accepted too
_SERVICE_REST = ("si", "sip", "spr", "sv", "sr", "snapshot", "ses")
_SERVICE_HEADERS = ("rscc", "rscd", "rsce", "rscl", "rsct")
_SHARED_KEY_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


@dataclass(frozen=True)
class Account:
    """A storage account: its name and its key as the portal shows it (Base64)."""

    name: str
    key: str

    def sign(self, text: str) -> str:
        """HMAC-SHA256 of the text under the account key, Base64."""
        digest = hmac.new(base64.b64decode(self.key), text.encode(), sha256).digest()
        return base64.b64encode(digest).decode()


@dataclass(frozen=True)
class Asked:
    """A request as far as authorization looks at it."""

    method: str
    raw_path: str  # as sent, percent-encoded
    query: Mapping[str, str]  # decoded
    headers: Mapping[str, str]  # names in lower case
    container: str
    blob: str | None  # None when the container itself is asked for
    need: str  # permission letters; any one of them suffices


def account_sas(account: Account, start: datetime, expiry: datetime, permissions: str) -> str:
    """A query string (no `?`) that opens blobs and containers of the account."""
    signed = {
        "sv": VERSION,
        "ss": "bf",
        "srt": "co",
        "sp": permissions,
        "st": _stamp(start),
        "se": _stamp(expiry),
        "spr": "https",
    }
    return urlencode(signed | {"sig": account.sign(_account_text(account.name, signed))})


def blob_sas(
    account: Account,
    container: str,
    blob: str,
    start: datetime,
    expiry: datetime,
    permissions: str,
) -> str:
    """A query string (no `?`) that opens one blob."""
    signed = {
        "sv": VERSION,
        "st": _stamp(start),
        "se": _stamp(expiry),
        "sr": "b",
        "sp": permissions,
        "spr": "https",
    }
    text = _service_text(account.name, signed, container, blob)
    return urlencode(signed | {"sig": account.sign(text)})


def check(account: Account, asked: Asked, now: datetime) -> None:
    """Let the request pass or raise BlobError in the service's own words."""
    authorization = asked.headers.get("authorization", "")
    if authorization.startswith("SharedKey "):
        _check_shared_key(account, authorization.removeprefix("SharedKey "), asked)
    elif "sig" in asked.query:
        _check_signature(account, asked, now)
    elif authorization:
        raise BlobError("AuthenticationFailed", "The Authorization scheme is not supported.")
    else:
        raise BlobError("NoAuthenticationInformation")


def _check_shared_key(account: Account, credential: str, asked: Asked) -> None:
    name, _, signature = credential.partition(":")
    text = _shared_key_text(name, asked)
    if name != account.name or not hmac.compare_digest(account.sign(text), signature):
        raise BlobError("AuthenticationFailed", _mismatch(signature, text))


def _check_signature(account: Account, asked: Asked, now: datetime) -> None:
    query = asked.query
    if "sr" in query:
        blob = asked.blob if query["sr"] == "b" else None
        text = _service_text(account.name, query, asked.container, blob)
    else:
        text = _account_text(account.name, query)
    if not hmac.compare_digest(account.sign(text), query["sig"]):
        raise BlobError("AuthenticationFailed", _mismatch(query["sig"], text))
    _check_time(query, now)
    _check_scope(asked)
    if not set(query.get("sp", "")) & set(asked.need):
        raise BlobError("AuthorizationPermissionMismatch")


def _check_time(query: Mapping[str, str], now: datetime) -> None:
    try:
        expiry = _parse(query["se"])
        start = _parse(query["st"]) if query.get("st") else now
    except (KeyError, ValueError):
        raise BlobError("AuthenticationFailed", "se and st must be ISO 8601 UTC times.") from None
    if not start <= now < expiry:
        frame = f"Start [{start:%c}] - Expiry [{expiry:%c}] - Current [{now:%c}]"
        raise BlobError(
            "AuthenticationFailed",
            f"Signature not valid in the specified time frame: {frame}",
        )


def _check_scope(asked: Asked) -> None:
    """A signature names the service and the kinds of resource it opens."""
    kind: Literal["c", "o"] = "c" if asked.blob is None else "o"
    if "sr" in asked.query:
        if kind == "c" and asked.query["sr"] == "b":
            raise BlobError("AuthorizationResourceTypeMismatch")
    elif "b" not in asked.query.get("ss", ""):
        raise BlobError("AuthorizationServiceMismatch")
    elif kind not in asked.query.get("srt", ""):
        raise BlobError("AuthorizationResourceTypeMismatch")


def _account_text(account: str, query: Mapping[str, str]) -> str:
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if query.get("sv", "") >= "2020-12-06":  # encryption scope joined the text with this version
        names.append("ses")
    return "".join(f"{part}\n" for part in [account, *(query.get(name, "") for name in names)])


def _service_text(account: str, query: Mapping[str, str], container: str, blob: str | None) -> str:
    resource = f"/blob/{account}/{container}" + ("" if blob is None else f"/{blob}")
    rest = [*_SERVICE_REST, *_SERVICE_HEADERS]
    if query.get("sv", "") < "2020-12-06":
        rest.remove("ses")
    parts = [*(query.get(name, "") for name in ("sp", "st", "se")), resource]
    return "\n".join([*parts, *(query.get(name, "") for name in rest)])


def _shared_key_text(account: str, asked: Asked) -> str:
    plain = {name: asked.headers.get(name, "") for name in _SHARED_KEY_HEADERS}
    if plain["content-length"] == "0":
        plain["content-length"] = ""  # since version 2015-02-21
    if "x-ms-date" in asked.headers:
        plain["date"] = ""
    special = sorted(
        (name, value) for name, value in asked.headers.items() if name.startswith("x-ms-")
    )
    query = sorted((name.lower(), value) for name, value in asked.query.items())
    return "\n".join(
        [
            asked.method,
            *plain.values(),
            *(f"{name}:{value.strip()}" for name, value in special),
            f"/{account}{asked.raw_path}",
            *(f"{name}:{value}" for name, value in query),
        ]
    )


def _mismatch(signature: str, text: str) -> str:
    return (
        f"The MAC signature found in the HTTP request '{signature}' is not the same as any "
        f"computed signature. Server used following string to sign: '{text}'."
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
