"""Who the client is: the issuer of tokens, and the check of them.

Every token is a JWT whose `aud` is the resource asked for, signed with
a secret of this process, so a real token is refused here and one of ours anywhere else.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jwt

from harness.twin.errors import WireFailure, gateway

ARM_AUDIENCES = ("https://management.azure.com", "https://management.core.windows.net")
REGION_AUDIENCES = (*ARM_AUDIENCES, "https://ml.azure.com")
LIFETIME = 86_400  # seconds; what a managed identity's token lives


def _hex() -> str:
    return secrets.token_hex(32)


def _guid() -> str:
    return str(uuid4())


@dataclass(frozen=True)
class Identity:
    """The one principal of a twin, and the issuer that knows it."""

    secret: str = field(default_factory=_hex, repr=False)
    header: str = field(default_factory=_hex, repr=False)  # what X-IDENTITY-HEADER must say
    tenant: str = field(default_factory=_guid)
    principal: str = field(default_factory=_guid)
    ended: set[str] = field(default_factory=set, repr=False)  # tokens

    def token(self, resource: str, lifetime: int = LIFETIME) -> tuple[str, int]:
        """A JWT for that resource, and when it expires (epoch seconds)."""
        now = int(time.time())
        claims = {
            "aud": resource.removesuffix("/"),
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
            "oid": self.principal,
            "tid": self.tenant,
            "idtyp": "app",
            "uti": secrets.token_urlsafe(16),  # no two tokens are alike
        }
        return jwt.encode(claims, self.secret, "HS256"), now + lifetime

    def check(self, headers: Mapping[str, str], audiences: Collection[str]) -> None:
        """Let a request pass that carries a token of ours for one of the audiences.

        Raises WireFailure: 401 in ARM's own words.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise self._no("AuthenticationFailed", _MISSING)
        if token in self.ended:
            raise self._no("InvalidAuthenticationToken", "The access token is invalid.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token, self.secret, ["HS256"], options={"verify_aud": False, "verify_exp": False}
            )
        except jwt.InvalidTokenError:
            raise self._no("InvalidAuthenticationToken", "The access token is invalid.") from None
        if claims["exp"] <= time.time():
            raise self._no("ExpiredAuthenticationToken", _expired(claims["exp"]))
        if claims["aud"] not in audiences:
            raise self._no("InvalidAuthenticationTokenAudience", _foreign(claims["aud"], audiences))

    def end(self, headers: Mapping[str, str]) -> None:
        """The token that this request carries has run out: it opens nothing any more."""
        self.ended.add(headers.get("authorization", "").partition(" ")[2])

    def _no(self, code: str, message: str) -> WireFailure:
        failure = gateway(401, code, message)
        failure.headers["www-authenticate"] = (
            f'Bearer authorization_uri="https://login.microsoftonline.com/{self.tenant}", '
            f'error="invalid_token", error_description="{message}"'
        )
        return failure


_MISSING = "Authentication failed. The 'Authorization' header is missing."


def _expired(exp: float) -> str:
    then = datetime.fromtimestamp(exp, UTC)
    return (
        f"The access token expiry UTC time '{then:%m/%d/%Y %I:%M:%S %p}' is earlier than current "
        f"UTC time '{datetime.now(UTC):%m/%d/%Y %I:%M:%S %p}'."
    )


def _foreign(audience: str, audiences: Collection[str]) -> str:
    allowed = ",".join(f"'{name}/','{name}'" for name in audiences)
    return (
        "The access token has been obtained for wrong audience or resource "
        f"'{audience}'. It should exactly match with one of the allowed audiences {allowed}."
    )
