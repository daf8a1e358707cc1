"""The base model as the registry offers it: an MLflow model folder in the twin's own blobs.

Flavors as in the MLmodel of Phi-3-mini-4k-instruct (azureml-assets); the weights are the tiny
stand-in of data/tiny_phi3.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import harness
from harness.twin.blob_store import BlobStore

_CONTAINER = "azureml-registry"
_FOLDER = "huggingface/phi-3-mini-4k-instruct/mlflow_model_folder"
_WEIGHTS = Path(harness.__file__).parents[1] / "data" / "tiny_phi3"
_NOT_WEIGHTS = shutil.ignore_patterns("*.py", "__pycache__", "SHA256SUMS")

FLAVORS: dict[str, Any] = {
    "hftransformersv2": {
        "hf_config_class": "AutoConfig",
        "hf_pretrained_class": "AutoModelForCausalLM",
        "hf_tokenizer_class": "AutoTokenizer",
        "huggingface_id": "microsoft/Phi-3-mini-4k-instruct",
        "model_data": "data",
        "task_type": "chat-completion",
        "transformers_version": "4.38.2",
    },
    "python_function": {
        "data": "data",
        "env": "conda.yaml",
        "loader_module": "azureml.evaluate.mlflow.hftransformers",
        "python_version": "3.8.18",
    },
}


def publish(blobs: BlobStore) -> None:
    """Put the model where the registry says it is; does nothing when it is there already."""
    target = blobs.folder(_CONTAINER) / _FOLDER
    if target.exists() or not _WEIGHTS.is_dir():
        return
    shutil.copytree(_WEIGHTS, target / "data" / "model", ignore=_NOT_WEIGHTS)
    # JSON is YAML as well, and needs no library to write
    (target / "MLmodel").write_text(json.dumps({"flavors": FLAVORS}, indent=1))


def flavors(listed: dict[str, Any]) -> dict[str, Any]:
    """The flavors of an MLmodel file as the service shows them: text, one level under `data`."""
    return {
        name: {"data": {key: _text(value) for key, value in (body or {}).items()}}
        for name, body in listed.items()
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def url(blobs: BlobStore) -> str:
    """The https address that the registry gives as `modelUri`."""
    return f"https://{blobs.account}.blob.core.windows.net/{_CONTAINER}/{quote(_FOLDER)}"
