"""Parity: the twin's answers have the shape of Azure's own, operation by operation.

For each operation and status: every key (and header) that all recordings have is there, every key
(and header) that is there is in some recording, with a type seen in one. What differs on purpose
is named in KNOWN. The table is printed at the end of the run.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.twin import app

from . import pairs, recorded_shapes
from .conftest import NOTES, Make
from .recorded_shapes import Recorded
from .scenes import SCENES

_JOB = "registering from a job's output is in no recording"
KNOWN = {  # operation and status, or "*" -> paths and headers that may differ, and why
    "compute.create 201": {
        ".properties.description": "every recorded cluster had one; the recipe gives none",
        ".properties.provisioningWarnings": "recorded since 2024 for other kinds of compute",
        ".properties.properties.enableBatchPrivateLink": "recorded for clusters on GET only",
    },
    "compute.get 200": {
        ".properties.provisioningWarnings": "recorded since 2024 for other kinds of compute",
    },
    "deployment.list 200": {
        ".value[].properties.codeConfiguration": "no-code MLflow: null, as in a recorded PUT",
        ".value[].properties.description": "the recipe gives none, as in a recorded PUT",
        ".value[].properties.environmentId": "no-code MLflow: null, as in a recorded PUT",
    },
    "model.list 200": {".nextLink": "the recorded workspace had more models than a page holds"},
    "model.register 200": {".properties.jobName": _JOB},
    "model.register 201": {".properties.jobName": _JOB},
    "model.versions 200": {".value[].properties.jobName": _JOB},
    "registry_model.get 200": {
        f".properties.properties.{name}": "the model's own data, not part of the shape"
        for name in (
            "SharedComputeCapacityEnabled",
            "finetune-min-sku-spec",
            "finetuning-tasks",
            "inference-min-sku-spec",
        )
    },
}


def test_answers_have_the_shape_of_recorded_ones(make: Make) -> None:
    """Keys, types and headers; whatever differs has a name in KNOWN."""
    wrong: list[str] = []
    compared = 0
    for key, found in recorded_shapes.read().items():
        compared += bool(found.alike)
        wrong += _compared(make, key, found)

    assert not wrong, "\n".join(wrong)
    assert compared == len(SCENES), "every scene has something to be compared with"


def test_the_shapes_are_those_of_the_recorded_pairs() -> None:
    """Where the pairs are present, the file in the checkout is what they make; it is small."""
    source = pairs.file()
    if source is None:
        NOTES.append("compared with recorded_shapes.json alone: the recorded pairs are not here")
    else:
        assert recorded_shapes.FILE.read_text() == recorded_shapes.text(pairs.recorded(source))
        NOTES.append("recorded_shapes.json is what the recorded pairs make")
    assert recorded_shapes.FILE.stat().st_size < 150_000


def _compared(make: Make, key: tuple[str, int], found: Recorded) -> list[str]:
    """What is wrong with the twin's answers of that kind; notes how it went."""
    label = f"{key[0] or '(no operation)'} {key[1]}"
    scene = SCENES.get(key)
    if scene is None or not found.alike:
        NOTES.append(f"{_not_compared(key[0], scene)}: {label}: {found.pairs} pair(s)")
        return []
    differences = [
        difference
        for answer in scene.answers(make(*scene.faults))
        for difference in _differences(key, answer, found)
    ]
    known = KNOWN.get(label, {})
    named = sorted({each for each in differences if each.split()[-1] in known})
    wrong = sorted(set(differences) - set(named))
    word = "DIFFERS" if wrong else "known difference" if named else "matched"
    NOTES.append(f"{word}: {label}: {found.alike} pair(s)")
    NOTES.extend(f"    {each}: {known[each.split()[-1]]}" for each in named)
    return [f"{label}: {each}" for each in wrong]


def _not_compared(name: str, scene: object) -> str:
    if scene is not None:
        return "not comparable, of another kind"
    served = {operation.name for operation, _ in app.SERVED}
    return "compared elsewhere or not at all" if name in served else "unserved"


def _differences(key: tuple[str, int], answer: Any, recorded: Recorded) -> list[str]:
    """Each as `what happened to path`, the path last."""
    if answer.status_code != key[1]:
        return [f"answered {answer.status_code} instead of {key[1]}"]
    ours = pairs.shape(answer.json() if answer.content else None)
    seen = {path: set(kinds) for path, kinds in recorded.ever.items()}
    found = [f"missing key {path}" for path in recorded.always if _lacks(ours, path)]
    found += [f"unknown key {path}" for path in ours if path not in seen]
    found += [
        f"type {', '.join(sorted(kinds - seen[path]))} never seen at {path}"
        for path, kinds in ours.items()
        if path in seen and kinds - seen[path]
    ]
    return found + _header_differences(answer, recorded)


def _lacks(ours: pairs.Shape, path: str) -> bool:
    """Whether the object is there and the key is not."""
    parent = path.rpartition(".")[0]
    return path not in ours and "object" in ours.get(parent, ()) and not path.endswith("[]")


def _header_differences(answer: Any, recorded: Recorded) -> list[str]:
    if recorded.headers_always is None or recorded.headers_ever is None:
        return []
    ours = pairs.names(answer.headers)
    missing = sorted(set(recorded.headers_always) - ours)
    unknown = sorted(ours - set(recorded.headers_ever))
    return [f"missing header {name}" for name in missing] + [
        f"unknown header {name}" for name in unknown
    ]


def test_every_known_difference_has_a_reason() -> None:
    """A name without a reason is an excuse."""
    assert all(len(reason) > 10 for group in KNOWN.values() for reason in group.values())


@pytest.mark.parametrize("key", SCENES)
def test_scenes_name_operations_that_exist(key: tuple[str, int]) -> None:
    """A scene for nothing would compare nothing."""
    from harness.wire.operations import operation

    assert operation(key[0]).name == key[0]
