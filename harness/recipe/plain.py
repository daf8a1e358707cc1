"""The same value under any release: enums or text, attributes by Python's name or the wire's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> str:
    """The text of a state: `JobStatus.FAILED` and `"Failed"` both read `Failed`."""
    return str(getattr(value, "value", value))


def either(value: Any, *names: str) -> Any:
    """The first of these attributes or keys that is there and not None.

    1.35 hands some answers on under the wire's names (`vCPUs`), with None under Python's.
    """
    for name in names:
        found = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        if found is not None:
            return found
    return None
