"""The scoring script in every container: init() once, run(raw) for each request.

TWIN_IMAGE says which of Azure's three scoring images to answer like, see `images`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.twin.serving.generation import Model, load
from harness.twin.serving.images import IMAGES

_loaded: list[Model] = []


def init() -> None:
    """Load the model below AZUREML_MODEL_DIR. Raises when there is none that can be loaded."""
    if image() not in IMAGES:
        raise ValueError(f"TWIN_IMAGE is {image()!r}; use one of {', '.join(IMAGES)}")
    folder = Path(os.environ["AZUREML_MODEL_DIR"])
    _loaded[:] = [load(folder)]
    print(f"Loaded {_loaded[0].name} from {folder}")  # noqa: T201  # goes to the container's log


def run(raw: str) -> Any:
    """Answer one request body as the image does; what is returned is sent as JSON."""
    return IMAGES[image()](_loaded[0], raw)


def image() -> str:
    """The scoring image to answer like."""
    return os.environ.get("TWIN_IMAGE", "mlflow")
