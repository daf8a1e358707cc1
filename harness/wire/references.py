"""References: what stands in a cassette for a value nobody else may see or can repeat.

`<subscription:1>` is the first subscription id of a recording, everywhere it appeared. Each has
one stand-in, a pure function of the reference, which is what a replay answers with: shaped as
the real thing (a GUID, a decodable token, base64), so that clients cannot tell. Because the
stand-in leads back to its reference, scrubbing a replayed request gives what was recorded.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

GUIDS = {  # kind -> the first eight digits of its stand-ins
    "subscription": "5ab50000",
    "tenant": "7e4a0000",
    "principal": "b1b10000",
    "guid": "a1d00000",
    "made": "3ade0000",  # made by the client, known only once it is sent
}
_OF_GUID = {digits: kind for kind, digits in GUIDS.items()}
_REST = "-0000-4000-8000-"

# one moment for every moment near the recording: 2009-02-13T23:16:40, with a fraction so that
# clients that leave out a zero fraction do not; the run's own timestamp is another second
MOMENT = 1234567000
TIMESTAMP = "1234567890"
SIGNATURE = "recorded-signature"
FAR = 4102444800  # 2100-01-01: no replayed token ever expires
ETAG = "0x0000000000ECC0DE"
LOOPBACK = "127.0.0.1:9"

_REFERENCE = re.compile(
    r"<(?:(signature)|run:(timestamp)|"
    r"(subscription|tenant|principal|guid|made|key|user|mail|token):([^<>\s]{1,300}))>"
)
_MEASURED = re.compile(r'"<measured:(\d+)>"')


def stand_in(kind: str, name: str) -> str:
    """What a replay uses for `<kind:name>`."""
    match kind:
        case "key":
            return base64.b64encode(f"recorded-key-{int(name):05d}".encode()).decode()
        case "user":
            return f"recorded-user-{name}"
        case "mail":
            return f"recorded-mail-{name}@example.invalid"
        case "token":
            return _token(name)
    number, _, style = name.partition(":")
    dashed = f"{GUIDS[kind]}{_REST}{int(number):012d}"
    return dashed.replace("-", "") if style == "n" else dashed


def reference_of(value: str) -> str | None:
    """The reference a stand-in stands for, or that the text already is; None for other values."""
    if _REFERENCE.fullmatch(value):
        return value
    dashed = value if "-" in value else f"{value[:8]}{_REST}{value[20:]}"
    kind = _OF_GUID.get(value[:8])
    if kind and len(dashed) == 36 and dashed[8:24] == _REST and dashed[24:].isdigit():
        return f"<{kind}:{int(dashed[24:])}{'' if '-' in value else ':n'}>"
    if found := re.fullmatch(r"recorded-(user|mail)-(\d+)(?:@example\.invalid)?", value):
        return f"<{found[1]}:{found[2]}>"
    if value.startswith("cmVjb3JkZWQta2V5L") and len(value) == 24:
        return f"<key:{int(base64.b64decode(value)[13:])}>"
    return None


def expand(text: str, measured: Mapping[str, Any] | None = None) -> str:
    """The text with every reference replaced by its stand-in, and measured values put back."""
    if "<" not in text:
        return text
    if measured is not None:
        text = _MEASURED.sub(lambda found: json.dumps(measured[found[1]]), text)
    return _REFERENCE.sub(_expanded, text)


def audience(token: str) -> str:
    """Whom a JWT is for: its `aud` claim when that is a plain URL, else `unknown`."""
    try:
        claims = token.split(".")[1]
        told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        aud = str(told["aud"])
    except (ValueError, KeyError, IndexError, TypeError):
        return "unknown"
    return aud if re.fullmatch(r"https://[a-z.]{3,60}/?", aud) else "unknown"


def _expanded(found: re.Match[str]) -> str:
    if found[1]:
        return SIGNATURE
    if found[2]:
        return TIMESTAMP
    return stand_in(found[3], found[4])


def _token(aud: str) -> str:
    """An unsigned JWT for that audience, which never expires."""
    claims = {"aud": aud, "exp": FAR, "iat": MOMENT, "iss": "https://recorded.invalid/"}
    return f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(claims)}."


def _segment(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
