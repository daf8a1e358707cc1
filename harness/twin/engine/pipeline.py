"""From a submitted pipeline job to the five steps it runs: names, wiring, files.

Names and wiring: azureml-assets, chat_completion_pipeline specs 0.0.42, 0.0.51 and 0.0.82.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COMPONENT = "chat_completion_pipeline"
_BINDING = re.compile(r"\$\{\{\s*parent\.(inputs|outputs)\.([\w.]+)\s*\}\}")
_VERSION = re.compile(r"/components/[^/]+/versions/([^/]+)$|:([\w.]+)$")


@dataclass(frozen=True)
class Part:
    """One step of the component: inputs of the component it reads as files, of earlier steps as
    folders (port -> (step, its output)), and its own outputs."""

    name: str
    component: str
    files: tuple[str, ...] = ()
    folders: tuple[tuple[str, str, str], ...] = ()  # (port, step, output of that step)
    outputs: tuple[str, ...] = ()
    compute: str = "compute_finetune"  # the input that names its compute


_DATA = ("train_file_path", "validation_file_path", "test_file_path")
_IMPORTED = ("model_selector_output", "chat_completion_model_import", "output_dir")
_PREPARED = ("preprocess_output", "chat_completion_datapreprocess", "output_dir")
_TRAINED = ("model_path", "chat_completion_finetune", "pytorch_model_folder")


_STEPS = (
    Part(
        "ft_nlp_common_validation",
        "ft_nlp_common_validation",
        files=_DATA,
        outputs=("validation_info",),
        compute="compute_model_import",
    ),
    Part(
        "chat_completion_model_import",
        "chat_completion_model_import",
        files=("mlflow_model_path", "pytorch_model_path"),
        outputs=("output_dir",),
        compute="compute_model_import",
    ),
    Part(
        "chat_completion_datapreprocess",
        "chat_completion_datapreprocess",
        files=_DATA,
        folders=(_IMPORTED,),
        outputs=("output_dir",),
        compute="compute_preprocess",
    ),
    Part(
        "chat_completion_finetune",
        "chat_completion_finetune",
        folders=(_IMPORTED, _PREPARED),
        outputs=("pytorch_model_folder",),
    ),
)


def parts(version: str) -> tuple[Part, ...]:
    """The steps of the component of that version, in the order they run."""
    own = version == "0.0.51"  # the only one with a converter of its own
    name = "chat_completion_model_converter" if own else "ft_nlp_model_converter"
    folders = (_IMPORTED, _TRAINED)
    return (*_STEPS, Part(name, name, folders=folders, outputs=("mlflow_model_folder",)))


@dataclass(frozen=True)
class Node:
    """The component as one node of a job: what it is given, and where its outputs are wanted.

    `literals` are the texts as sent, `uris` the inputs that are files or models;
    `bound` maps outputs of the node to outputs of the job.
    """

    name: str
    version: str
    literals: Mapping[str, str]
    uris: Mapping[str, str]
    bound: Mapping[str, str]


def node(properties: Mapping[str, Any]) -> Node:
    """The one node of a job's properties. Raises ValueError when there is not exactly one."""
    jobs = dict(properties.get("jobs") or {})
    if len(jobs) != 1:
        raise ValueError(
            f"the twin runs pipelines of one {COMPONENT} node, this one has {len(jobs)}"
        )
    name, body = next(iter(jobs.items()))
    literals: dict[str, str] = {}
    uris: dict[str, str] = {}
    for key, given in (body.get("inputs") or {}).items():
        value = _resolved(given, properties.get("inputs") or {})
        if value is not None:
            uri = value.get("uri")
            (uris if uri else literals)[key] = str(uri or value.get("value"))
    return Node(name, version_of(str(body.get("componentId"))), literals, uris, _bound(body))


def version_of(component: str) -> str:
    """The version in a component's id, empty when it has none."""
    found = _VERSION.search(component)
    return (found.group(1) or found.group(2)) if found else ""


def _resolved(given: Mapping[str, Any], outer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """An input of the node, or the job's input it is bound to."""
    found = _BINDING.fullmatch(str(given.get("value", "")))
    return outer.get(found.group(2)) if found else given


def _bound(body: Mapping[str, Any]) -> dict[str, str]:
    """Outputs of the node that are outputs of the job."""
    bound = {}
    for name, output in (body.get("outputs") or {}).items():
        found = _BINDING.fullmatch(str((output or {}).get("value", "")))
        if found:
            bound[name] = found.group(2)
    return bound
