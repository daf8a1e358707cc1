"""A route is an operation's name and the handler that answers it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from harness.wire.operations import Operation, operation

Handler = Callable[[Request], Response | Awaitable[Response]]

ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def on(name: str, handler: Handler) -> tuple[Operation, Route]:
    """Mount a handler where the operation of that name is asked for.

    Path parameters have the names used in `wire/operations.py`. A handler that is a plain function
    runs in a thread, so it may block; one that is a coroutine may not.
    Raises WireError when there is no such operation.
    """
    asked = operation(name)
    methods = ANY if asked.method == "*" else [asked.method]
    route = Route(asked.path, handler, methods=methods, name=name)
    # Azure reads paths without case: clients send both resourceGroups and resourcegroups.
    route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
    return asked, route
