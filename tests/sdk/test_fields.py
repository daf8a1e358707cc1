"""The fields of recorded answers, and recordings in which some are missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.sdk.fields import ANY, EACH, fields_of, recorded, without
from harness.wire.cassette import read
from tests.sdk.named_fields import field

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
RECORDED = recorded(SHIPPED)
FIELDS = fields_of(RECORDED)


def answers(folder: Path, operation: str) -> list[dict[str, Any]]:
    """What is recorded as answers of an operation, as a replay reads it."""
    return [
        interaction.answer()
        for file in sorted(folder.glob("*.json"))
        for interaction in read(file).interactions
        if interaction.asked["operation"] == operation
    ]


def test_fields_stand_once_and_after_what_holds_them() -> None:
    """Of every operation; items of a list and things held by name are one."""
    names = [str(each) for each in FIELDS]

    assert len(set(names)) == len(names) > 500
    assert "job.get body.properties.status" in names
    assert "vm_size.list body.value[*].name" in names
    assert (
        "registry_component.versions body.value[*].properties.componentSpec.inputs.*.type" in names
    )
    assert "compute.create header.azure-asyncoperation" in names
    assert names.index("job.get body.properties") < names.index("job.get body.properties.status")


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("workspace.get body.properties.discoveryUrl", "workspace.get"),
        (f"vm_size.list body.value.{EACH}.name", "vm_size.list"),
        ("compute.create header.azure-asyncoperation", "compute.create"),
        (
            f"registry_component.versions body.value.{EACH}.properties.componentSpec.inputs.{ANY}"
            ".type",
            "registry_component.versions",
        ),
    ],
)
def test_what_is_left_out_is_in_no_answer(tmp_path: Path, text: str, operation: str) -> None:
    """And all else is as it was: the same cassettes, with a seal that fits."""
    dropped = field(text)
    for name, content in without(RECORDED, [dropped]).items():
        (tmp_path / name).write_text(content)

    left = fields_of(recorded(tmp_path))

    assert dropped in FIELDS
    assert set(FIELDS) - set(left) == {dropped}
    assert len(answers(tmp_path, operation)) == len(answers(SHIPPED, operation)) > 0


def test_what_is_held_by_name_is_left_out_only_there(tmp_path: Path) -> None:
    """An answer of another shape keeps what it has under names, and the other way round."""
    things = {name: {"type": 1, "held": 1} for name in "abcde"}
    told = json.loads(json.dumps(RECORDED["3_cluster.json"]))
    bodies = [things, {"a": {"type": 2}, "id": 3}]
    asked = [entry for entry in told["interactions"] if entry["operation"] == "compute.get"]
    for entry, body in zip(asked, bodies, strict=False):
        entry["response"]["body"] = {"json": {"box": body}}

    def left(*dropped: str) -> list[Any]:
        text = without({"3_cluster.json": told}, [field(each) for each in dropped])
        (tmp_path / "3_cluster.json").write_text(text["3_cluster.json"])
        return [each["body"]["json"]["box"] for each in answers(tmp_path, "compute.get")[:2]]

    kept = {name: {"held": 1} for name in "abcde"}
    assert left("compute.get body.box.*.type") == [kept, bodies[1]]
    assert left("compute.get body.box.*") == [{}, bodies[1]]
    assert left("compute.get body.box.a.type") == [things, {"a": {}, "id": 3}]
    assert left("compute.get body.box.id", "compute.get body.box.a") == [things, {}]


def test_leaving_out_nothing_changes_nothing(tmp_path: Path) -> None:
    """The texts are those of the recording, references to equal answers written out."""
    for name, content in without(RECORDED, []).items():
        (tmp_path / name).write_text(content)

    assert answers(tmp_path, "compute.get") == [
        answer if "same_as" not in answer["body"] else {**answer, "body": told["body"]}
        for answer, told in zip(
            answers(SHIPPED, "compute.get"), answers(tmp_path, "compute.get"), strict=True
        )
    ]
