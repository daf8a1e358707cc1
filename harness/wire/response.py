"""Responses as the requests adapter builds them, from what was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from io import BytesIO
from typing import Any

from requests import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse


def response_to(
    request: PreparedRequest, status: int, reason: str, headers: Mapping[str, str], body: bytes
) -> Response:
    """A response to that request; its body was read already, and its stream can be read as well."""
    response = Response()
    response.status_code, response.reason, response.url = status, reason, str(request.url)
    response.headers = CaseInsensitiveDict(headers)
    response.encoding = "utf-8" if "charset=utf-8" in headers.get("content-type", "") else None
    response.request = request
    response.raw = _Stream(status, reason, headers, body)
    vars(response).update(_content=body, _content_consumed=True)  # no stream of ten-KB pieces
    return response


class _Stream:
    """urllib3's response, made when somebody reads from it: that takes longer than all the rest.

    Until then it stands for one that was read to its end, on a connection that was given back.
    """

    _original_response = None  # where requests looks for cookies

    def __init__(self, status: int, reason: str, headers: Mapping[str, str], body: bytes) -> None:
        self._told = (status, reason, headers, body)

    def release_conn(self) -> None:
        """There is none."""

    @cached_property
    def _real(self) -> HTTPResponse:
        status, reason, headers, body = self._told
        return HTTPResponse(
            body=BytesIO(body), headers=headers, status=status, reason=reason, preload_content=False
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._real)
