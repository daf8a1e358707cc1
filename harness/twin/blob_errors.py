"""What the blob service refuses, by its own codes.

Codes, statuses and texts as documented in "Common REST API error codes" and "Blob service error
codes"; BlobNotFound, InvalidRange, ContainerAlreadyExists as recorded traffic has them.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from harness.errors import HarnessError

_AUTHENTICATION = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is "
    "formed correctly including the signature."
)
_SEE_HEADER = (
    "Server failed to authenticate the request. Please refer to the information in the "
    "www-authenticate header."
)
_CODES: dict[str, tuple[int, str]] = {
    "AuthenticationFailed": (403, _AUTHENTICATION),
    "AuthorizationPermissionMismatch": (
        403,
        "This request is not authorized to perform this operation using this permission.",
    ),
    "AuthorizationResourceTypeMismatch": (
        403,
        "This request is not authorized to perform this operation using this resource type.",
    ),
    "AuthorizationServiceMismatch": (
        403,
        "This request is not authorized to perform this operation using this service.",
    ),
    "NoAuthenticationInformation": (401, _SEE_HEADER),
    "InvalidAuthenticationInfo": (401, _SEE_HEADER),
    "BlobNotFound": (404, "The specified blob does not exist."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "ConditionNotMet": (
        412,
        "The condition specified using HTTP conditional header(s) is not met.",
    ),
    "InvalidRange": (
        416,
        "The range specified is invalid for the current size of the resource.",
    ),
    "Md5Mismatch": (
        400,
        "The MD5 value specified in the request did not match the one the server calculated.",
    ),
    "InvalidMd5": (
        400,
        "The MD5 value in the request is invalid: it must be 128 bits and Base64-encoded.",
    ),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidBlobOrBlock": (400, "The specified blob or block content is invalid."),
    "InvalidResourceName": (
        400,
        "The specified resource name contains invalid characters.",
    ),
    "InvalidHeaderValue": (
        400,
        "The value for one of the HTTP headers is not in the correct format.",
    ),
    "InvalidQueryParameterValue": (
        400,
        "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "InvalidXmlDocument": (400, "The specified XML is not syntactically valid."),
    "RequestBodyTooLarge": (
        413,
        "The request body is too large and exceeds the maximum permissible limit.",
    ),
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BlobError(HarnessError):
    """The blob service says no: `code` and `status` are its own."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail  # AuthenticationErrorDetail of the answer, when there is one
        self.status, self.text = _CODES[code]
        super().__init__(f"{self.status} {code}: {self.text} {detail}".rstrip())


@contextmanager
def full_disk() -> Iterator[None]:
    """Turn a full disk into a refusal that clients do not retry.

    Azure has no full disk to copy. Any 5xx would be retried by the storage client for a minute
    before the user hears of it; 403 would be read as wrong credentials. 413 is documented, is
    not retried, and its text says what to do.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if not _is_full(error):
            raise
        raise BlobError(
            "RequestBodyTooLarge",
            "The disk under the twin's state is full; nothing of this upload was kept. "
            "Free some space (df -h shows where) and upload again.",
        ) from error


def _is_full(error: OSError | sqlite3.OperationalError) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
