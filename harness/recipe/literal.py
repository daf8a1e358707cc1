"""Tags of a registry model hold literals in two spellings: Python's repr and JSON."""

from __future__ import annotations

import ast
import json
from typing import Any


def literal(text: str) -> Any:
    """The value in a tag, never evaluated as code.

    The first publication of an asset writes `str(value)`, a later one JSON (azureml-assets,
    `publish_utils.stringify_dictionary`); `ast.literal_eval` alone breaks on `true` and `null`.
    Raises ValueError when it is neither.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError(f"neither JSON nor a Python literal: {text[:200]!r}") from error
