"""What the SDK raised, as a message that names the thing and the next command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness.errors import StepError


@contextmanager
def doing(what: str, next_command: str) -> Iterator[None]:
    """Anything Azure or MLflow refuses inside the block becomes a StepError about `what`."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except StepError:
        raise
    except Exception as error:
        if not isinstance(error, AzureError) and type(error).__module__.split(".")[0] != "mlflow":
            raise
        raise StepError(f"{what} failed: {reason(error)}\nNext: {next_command}") from error


def reason(error: Any) -> str:
    """Azure's own sentence once; `error.message` repeats it with its code."""
    inner = getattr(getattr(error, "error", None), "message", None)
    return str(inner or getattr(error, "message", None) or error).strip()
