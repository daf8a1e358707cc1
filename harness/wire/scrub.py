"""Scrubbing: from what was on the wire to what may stand in a file.

One function, text to text, for URLs, header values and bodies alike, so that JSON inside JSON,
XML, forms and logs all pass the same rules. It is idempotent, and it is applied to a replayed
request as well, so it cannot turn a match into a miss. Headers are kept by name (`KEPT_*`);
everything else about them, and every credential exchange (`harness.wire.fold`), is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from harness.wire.references import (
    ETAG,
    FAR,
    LOOPBACK,
    MOMENT,
    SIGNATURE,
    TIMESTAMP,
    audience,
    reference_of,
)

KEPT_REQUEST_HEADERS = (
    "azureml-model-deployment",
    "content-type",
    "if-none-match",
    "range",
    "x-ms-blob-type",
    "x-ms-range",
)
KEPT_RESPONSE_HEADERS = (
    "accept-ranges",
    "azure-asyncoperation",
    "azureml-model-deployment",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "location",
    "x-ms-blob-type",
    "x-ms-error-code",
    "x-ms-meta-name",
    "x-ms-meta-upload_status",
    "x-ms-meta-version",
    "x-ms-request-server-encrypted",
)

# names whose value is a secret, in JSON, XML, forms and connection strings
GUARDED_NAMES = (
    "access[_-]?token|refresh[_-]?token|id[_-]?token|token|client[_-]?secret|client_assertion|"
    "secret|password|primary[_-]?key|secondary[_-]?key|account[_-]?key|access[_-]?key|"
    "shared[_-]?access[_-]?key|api[_-]?key|shared[_-]?access[_-]?signature|"
    "connection[_-]?string|x-azureml-token|x-identity-header|authorization|cookie|set-cookie|"
    "admin[_-]?password|ssh[_-]?private[_-]?key|signing[_-]?key|value[_-]?of[_-]?secret"
)
USER_NAMES = (
    "createdBy|lastModifiedBy|userName|upn|user_name|userPrincipalName|userPuId|"
    "userAltSecId|mlflow\\.user"
)
_STOOD = re.compile(  # stand-ins, wherever a client carried them
    rf"cmVjb3JkZWQta2V5L[A-Za-z0-9]{{7}}|{SIGNATURE}"
    r"|recorded-mail-\d+@example\.invalid|recorded-user-\d+"
)
_JWT = re.compile(r"eyJ[\w-]{5,}(?:\.[\w-]*){2,4}")
_JSON_SECRET = re.compile(
    rf'((\\*")(?:{GUARDED_NAMES})\2\s*:\s*\2)((?:(?!\2)(?:\\.|[^"\\]|\\))+)(?=\2)', re.I
)
_JSON_KEY = re.compile(r'((\\*")(?:key|keyValue)\2\s*:\s*\2)([A-Za-z0-9+/_-]{32,}={0,2})(?=\2)')
_XML_SECRET = re.compile(rf"(<({GUARDED_NAMES}|Key|Value)>)([^<]+)(?=</\2>)", re.I)
_FORM_SECRET = re.compile(rf"(?<![\w-])((?:{GUARDED_NAMES})=)([^&;,\s\"'<>\\]+)", re.I)
_SCHEME_SECRET = re.compile(r"\b((?:Bearer|Basic|SharedKey(?:Lite)?) )([^\s\"'<>\\,]+)")
_USERINFO = re.compile(r"(?<=://)([^/\s@\"'<>:]+:[^/\s@\"'<>]+)(?=@)")
_SIGNATURE = re.compile(
    r"(?:(?<![A-Za-z])|(?<=%[0-9A-F][0-9A-F]))(sig(?:=|%3D))((?:(?!%26)[^&\s\"'<>\\;])+)"
    r"|((?:[?&]|&amp;|\\u0026)(?:c|s|h|code)=)([\w%.~-]{16,})",
    re.I,
)
_EXPIRY = re.compile(r'((\\*")(?:expires_on|expiresOn|exp)\2\s*:\s*)((?:\2)?)\d{10}\b')
_TRACE = re.compile(r'("operation":\s*"[^"]{1,40}",\s*"request":\s*")[0-9a-f]{16}(?=")')
_ETAG = re.compile(r'((\\*")etag\2\s*:\s*\2)((?:(?!\2)(?:\\.|[^"\\]|\\))+)(?=\2)', re.I)
_GIT = re.compile(
    r'(\\*")(?:mlflow\.source\.git\.\w+|azureml\.git\.\w+)\1\s*:\s*\1(?:(?!\1)[\s\S])*\1\s*,?\s*'
)
_REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://[^\s\"'\\<>]+\.git|git@[\w.-]+:[\w./-]+)(?=[\s\"'\\<>]|$)"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_USER = re.compile(rf'((\\*")(?:{USER_NAMES})\2\s*:\s*\2)((?:(?!\2)[^\\])+)(?=\2)')
_MLFLOW_USER = re.compile(r'("key":\s*"mlflow\.user",\s*"value":\s*")([^"]+)(?=")')
_HOME = re.compile(r"(/(?:home|Users)/)([\w.-]+)")
_KERNEL = re.compile(r"Linux-[\w.+-]*\d[\w.+-]*")
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost):\d+")
_GUID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z])(?<!LocalUpload/)[0-9a-f]{32}(?![0-9A-Za-z])",
    re.I,
)
_PLAIN_GUID = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_CONTEXTS = tuple(  # what a GUID is, told by where it first stands
    (kind, re.compile(pattern + _PLAIN_GUID, re.I))
    for kind, pattern in (
        ("subscription", r"/subscriptions/"),
        ("subscription", r'subscription_?id\\*"\s*:\s*\\*"'),
        ("tenant", r'tenant_?id\\*"\s*:\s*\\*"'),
        ("tenant", r"(?:sts\.windows\.net|login\.microsoftonline\.com)/"),
        ("principal", r'(?:principal_?id|client_?id|object_?id|\boid|user_?id)\\*"\s*:\s*\\*"'),
    )
)
_DATE = re.compile(
    r"(20\d\d-\d\d-\d\d)(?:([T ]|%20)\d\d(:|%3A)\d\d(?::|%3A)\d\d(?:\.(\d{1,9}))?)?", re.I
)
_COMPACT = re.compile(r"(20\d\d)(\d\d)(\d\d)T\d{6}Z")
_HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT")
_EPOCH = re.compile(r"(?<![\d.A-Za-z])(1\d{9})(\d{3})?(?:\.(\d{1,9}))?(?![\dA-Za-z])")
_TICKS = re.compile(r"(?<![\d.])6[345]\d{16}(?!\d)")  # of .NET, to the year 2091
_FRACTION = "789012345"


@dataclass(frozen=True)
class Window:
    """The time around a recording; a moment inside it differs at the next one."""

    low: float
    high: float
    days: frozenset[str]

    @staticmethod
    def around(first: datetime, last: datetime) -> Window:
        """From the day before the first to a month after the last.

        What is derived from a replayed run's timestamp is as near to that.
        """
        stood = datetime.fromtimestamp(int(TIMESTAMP), UTC)
        low, high = first - timedelta(days=1), last + timedelta(days=30)
        days = {
            (start + timedelta(days=n)).date().isoformat()
            for start in (low, stood - timedelta(days=1))
            for n in range((high - low).days + 1)
        }
        return Window(low.timestamp(), high.timestamp(), frozenset(days))

    def has(self, seconds: int) -> bool:
        """Whether a moment, in seconds since the epoch, is in the window."""
        return self.low <= seconds <= self.high or abs(seconds - int(TIMESTAMP)) < 30 * 86400

    @staticmethod
    def now() -> Window:
        """Around this moment."""
        return Window.around(datetime.now(UTC), datetime.now(UTC))


@dataclass
class Scrubber:
    """Texts in, clean texts out; remembers which value got which reference.

    `timestamp` is the run's own, from which its names derive. Not thread-safe: whoever shares
    one holds a lock.
    """

    timestamp: str = TIMESTAMP
    window: Window = field(default_factory=Window.now)
    references: dict[str, str] = field(default_factory=dict)  # value -> reference
    counts: dict[str, int] = field(default_factory=dict)

    def scrub(self, text: str, *, of_client: bool = False) -> str:
        """The text without secrets, identities and moments.

        `of_client` says that a request holds it: an id not seen before was made by the client.
        """
        text = re.sub(rf"(?<!\d)(?:{self.timestamp}|{TIMESTAMP})(?!\d)", "<run:timestamp>", text)
        text = _STOOD.sub(lambda found: self._of("key", found[0]), text)
        text = _JWT.sub(lambda found: f"<token:{audience(found[0])}>", text)
        text = self._secrets(text)
        text = self._places(text)
        text = self._ids(text, "made" if of_client else "guid")
        return self._moments(text)

    def headers(self, headers: dict[str, str], kept: tuple[str, ...]) -> dict[str, str]:
        """The headers that are kept, by lower-case name in alphabetical order, scrubbed."""
        low = {name.lower(): value for name, value in headers.items()}
        return {name: self._header(name, low[name]) for name in kept if name in low}

    def _header(self, name: str, value: str) -> str:
        return f'"{ETAG}"' if name == "etag" else self.scrub(value)

    def _secrets(self, text: str) -> str:
        text = _REMOTE.sub("recorded-repository", text)
        text = _SIGNATURE.sub(lambda found: f"{found[1] or found[3]}<signature>", text)
        text = _EXPIRY.sub(rf"\g<1>\g<3>{FAR}", text)
        for pattern in (_JSON_SECRET, _JSON_KEY, _XML_SECRET):
            text = pattern.sub(lambda found: found[1] + self._of("key", found[3]), text)
        for pattern in (_FORM_SECRET, _SCHEME_SECRET):
            text = pattern.sub(lambda found: found[1] + self._of("key", found[2]), text)
        return _USERINFO.sub(lambda found: self._of("key", found[1]), text)

    def _places(self, text: str) -> str:
        """People, machines and checkouts."""
        if "git." in text:
            text = re.sub(r",\s*\}", "}", _GIT.sub("", text)) if _GIT.search(text) else text
        text = _USER.sub(lambda found: found[1] + self._of("user", found[3]), text)
        text = _MLFLOW_USER.sub(lambda found: found[1] + self._of("user", found[2]), text)
        text = _MAIL.sub(lambda found: self._of("mail", found[0]), text)
        text = _HOME.sub(lambda found: found[1] + self._of("user", found[2]), text)
        text = _TRACE.sub(rf"\g<1>{'0' * 16}", text)
        text = _ETAG.sub(rf"\g<1>{ETAG}", text)
        text = _KERNEL.sub("Linux", text)
        return _LOOPBACK.sub(LOOPBACK, text)

    def _ids(self, text: str, kind: str) -> str:
        for context, pattern in _CONTEXTS:
            for found in pattern.finditer(text):
                self._of(context, found[1].lower())
        return _GUID.sub(lambda found: self._guid(kind, found[0].lower()), text)

    def _guid(self, kind: str, value: str) -> str:
        if "-" in value:
            return self._of(kind, value)
        if known := reference_of(value):
            return known
        dashes = (value[:8], value[8:12], value[12:16], value[16:20], value[20:])
        return self._of(kind, "-".join(dashes))[:-1] + ":n>"

    def _of(self, kind: str, value: str) -> str:
        """The reference of a value: its own if it is one or stands for one, else the next."""
        if value == SIGNATURE:
            return "<signature>"
        if known := reference_of(value) or self.references.get(value):
            return known
        if value[:1] == "<" or "<signature>" in value:  # scrubbed by a rule before this one
            return value
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.references[value] = f"<{kind}:{self.counts[kind]}>"
        return self.references[value]

    def _moments(self, text: str) -> str:
        text = _DATE.sub(self._date, text)
        text = _COMPACT.sub(self._compact, text)
        text = _HTTP_DATE.sub("Fri, 13 Feb 2009 23:16:40 GMT", text)
        text = _TICKS.sub("633701926000000000", text)
        return _EPOCH.sub(self._epoch, text)

    def _date(self, found: re.Match[str]) -> str:
        if found[1] not in self.window.days:
            return found[0]
        if found[2] is None:
            return "2009-02-13"
        fraction = f".{_FRACTION[: len(found[4])]}" if found[4] else ""
        return f"2009-02-13{found[2]}23{found[3]}16{found[3]}40{fraction}"

    def _compact(self, found: re.Match[str]) -> str:
        near = f"{found[1]}-{found[2]}-{found[3]}" in self.window.days
        return "20090213T231640Z" if near else found[0]

    def _epoch(self, found: re.Match[str]) -> str:
        if not self.window.has(int(found[1])):
            return found[0]
        fraction = f".{_FRACTION[: len(found[3])]}" if found[3] else ""
        return f"{MOMENT}{'789' if found[2] else ''}{fraction}"


def made_ids(text: str) -> Iterator[str]:
    """References in a scrubbed text to ids that the client made, in order."""
    return (found[0] for found in re.finditer(r"<made:\d+(?::n)?>", text))
