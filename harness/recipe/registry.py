"""An asset of a registry, by exact version or the newest."""

from __future__ import annotations

from typing import Any


def registry_asset(operations: Any, name: str, version: str) -> Any:
    """The asset from `client.models` or `client.components` of a registry client.

    Raises LookupError when the registry does not have it, in whichever way this SDK says so: an
    unknown version is a 404, while an unknown name under label="latest" is an empty list, for
    which the SDK has an exception of its own.
    """
    from azure.ai.ml.exceptions import ValidationException
    from azure.core.exceptions import HttpResponseError

    by = {"label": "latest"} if version == "latest" else {"version": version}
    try:
        return operations.get(name=name, **by)
    except ValidationException as error:
        raise LookupError(str(error)) from error
    except HttpResponseError as error:
        if error.status_code != 404:
            raise
        raise LookupError(error.message) from error
