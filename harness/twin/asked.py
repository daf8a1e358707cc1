"""Bodies of requests: read, and refused when they are not what the operation takes.

What it takes is a `Shape` (see shapes.py). The service's own words for such refusals are not
recorded, so its code and envelope are kept and the text says what is wrong where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from starlette.requests import Request
from starlette.responses import Response

from harness.errors import HarnessError
from harness.twin.errors import flat, gateway, refused
from harness.twin.state import twin

_REGION = (".api.azureml.ms", ".experiments.azureml.net")
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_WORDS |= {dict: "an object", list: "a list"}


@dataclass(frozen=True)
class Object:
    """An object, never null: the shape of each field that it may have, and the ones it must."""

    fields: Mapping[str, Shape]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Each:
    """An object, or null, whose keys are data and whose values all have one shape."""

    shape: Shape


# a type, a text to match, or one of these words whatever their case; all three may be null
Shape: TypeAlias = "Object | Each | type | re.Pattern[str] | tuple[str, ...]"


class MalformedError(HarnessError):
    """A request that no handler can make sense of: what is wrong, and where."""

    def __init__(self, text: str, code: str = "BadArgument") -> None:
        self.text = text
        self.code = code
        super().__init__(text)


async def body_of(request: Request, shape: Object, *, optional: bool = False) -> dict[str, Any]:
    """The body, in that shape; `optional` lets an empty one or null be an empty object.

    Raises MalformedError, which becomes a 400.
    """
    raw = await request.body()
    try:
        found = json.loads(raw or (b"{}" if optional else b""))
    except (ValueError, RecursionError) as error:
        text = f"The request content was invalid and could not be deserialized: '{error}'."
        raise MalformedError(text, "InvalidRequestContent") from None
    found = {} if optional and found is None else found
    check(found, shape)
    return cast("dict[str, Any]", found)


def check(value: Any, shape: Shape, where: str = "") -> None:
    """Raises MalformedError, naming the first place that differs."""
    if isinstance(shape, Object):
        _check_object(value, shape, where)
    elif isinstance(shape, Each):
        _is(value, dict, where)
        for key, inner in (value or {}).items():
            check(inner, shape.shape, _below(where, key))
    elif isinstance(shape, type):
        _is(value, shape, where)
    elif value is not None:
        _is(value, str, where)
        _check_text(value, shape, where)


def spelled(words: tuple[str, ...], sent: str) -> str:
    """The word as the service spells it: of LowPriority the SDK makes Lowpriority."""
    return next(word for word in words if word.lower() == sent.lower())


def number(request: Request, name: str, usual: int) -> int:
    """A query parameter that counts something. Raises MalformedError."""
    text = request.query_params.get(name) or str(usual)
    if not re.fullmatch(r"\d{1,9}", text):
        raise MalformedError(f"Query parameter {name} must be a whole number, not '{text}'.")
    return int(text)


def malformed_response(request: Request, error: Exception) -> Response:
    """The exception handler for MalformedError: 400 in the envelope of whoever was asked."""
    found, region = cast("MalformedError", error), twin(request).settings.region
    if (request.url.hostname or "").endswith(_REGION):
        failure = flat(400, found.text, found.code, component="service", region=region)
    elif found.code == "InvalidRequestContent":  # Resource Manager reads the JSON itself
        failure = gateway(400, found.code, found.text)
    else:
        failure = refused(400, found.text, found.code, "ArgumentInvalid", region=region)
    return failure.response()


def _check_object(value: Any, shape: Object, where: str) -> None:
    if value is None:
        raise MalformedError(_wrong(where, "an object", value))
    _is(value, dict, where)
    for key in shape.needs:
        if value.get(key) in (None, ""):
            raise MalformedError(f"The request is invalid: {_below(where, key)} is required.")
    for key, inner in shape.fields.items():
        if key in value:
            check(value[key], inner, _below(where, key))


def _check_text(value: str, shape: re.Pattern[str] | tuple[str, ...], where: str) -> None:
    if isinstance(shape, re.Pattern):
        if not shape.fullmatch(value):
            raise MalformedError(_wrong(where, f"text like {shape.pattern}", value))
    elif value.lower() not in [word.lower() for word in shape]:
        raise MalformedError(_wrong(where, f"one of {', '.join(shape)}", value))


def _is(value: Any, kind: type, where: str) -> None:
    """JSON's true is no number, and a whole number is a number."""
    fits = isinstance(value, (int, float) if kind is float else kind)
    if value is not None and (not fits or (isinstance(value, bool) and kind is not bool)):
        raise MalformedError(_wrong(where, _WORDS[kind], value))


def _wrong(where: str, wanted: str, value: Any) -> str:
    shown = json.dumps(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return f"The request is invalid: {where or 'the body'} must be {wanted}, not {shown}."


def _below(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key
