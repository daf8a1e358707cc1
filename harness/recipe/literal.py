"""Tags of a registry model hold literals in two spellings: Python's repr and JSON."""

from __future__ import annotations

import ast
import json
from typing import Any

from harness.errors import StepError


def literal(text: str, what: str) -> Any:
    """The value in a tag, never evaluated as code.

    The first publication of an asset writes `str(value)`, a later one JSON (azureml-assets,
    `publish_utils.stringify_dictionary`); `ast.literal_eval` alone breaks on `true` and `null`.
    Raises StepError naming the tag when it is neither.
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise StepError(
            f"{what} is neither JSON nor a Python literal: {text[:200]!r}. Next: look at it with "
            "az ml model show --registry-name azureml, and pin base_model.version in plan.toml"
        ) from error
