"""What the supported release asks, in a small file: made from the cassettes, and kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.sdk import command, contract
from harness.sdk.releases import named
from harness.wire.cassette import written


def test_the_file_is_what_the_cassettes_ask() -> None:
    """Made again it is the same. Red after a new recording: `python -m harness sdk contract`, and
    read the difference before it is committed."""
    assert contract.broken() == []
    made = contract.written(contract.contract())
    assert made == contract.FILE.read_text(encoding="utf-8")


def test_it_is_small_and_of_the_supported_release() -> None:
    """Shapes and api-versions; no value of any field."""
    text = contract.FILE.read_text(encoding="utf-8")
    told = json.loads(text)
    create = told["scenarios"]["finetune_chat"]["operations"]["compute.create"]

    assert len(text) < 20_000
    assert told["packages"]["azure-ai-ml"] == named("pinned")
    assert create["api_versions"] == ["2023-08-01-preview"]
    settings = create["body"]["properties"]["properties"]
    assert settings["scaleSettings"]["nodeIdleTimeBeforeScaleDown"] == "string"


@pytest.mark.parametrize(
    ("former", "latter", "says"),
    [
        ('"vmSize"', '"vm_size"', "field renamed contract.scenarios.finetune_chat"),
        ("2023-08-01-preview", "2031-01-01", '"2023-08-01-preview" -> "2031-01-01"'),
    ],
)
def test_another_recording_is_told(tmp_path: Path, former: str, latter: str, says: str) -> None:
    """By the path of what differs."""
    shutil.copytree(contract.CASSETTES, tmp_path / "cassettes")
    file = tmp_path / "cassettes" / "finetune_chat" / "3_cluster.json"
    told = json.loads(file.read_text().replace(former, latter))
    file.write_text(written(told["provenance"], told["interactions"]))

    assert says in "\n".join(contract.broken(tmp_path / "cassettes"))


def test_shapes_of_several_bodies_are_one() -> None:
    """All fields that any has; all types that a field has; the items of a list are one."""
    bodies = [{"a": 1, "b": [{"c": "x"}, {"d": None}]}, {"a": "y", "e": {}}]

    assert contract._merged([contract.shape(body) for body in bodies]) == {
        "a": "integer or string",
        "b": [{"c": "string", "d": "null"}],
        "e": {},
    }


def test_the_command_checks(capsys: pytest.CaptureFixture[str]) -> None:
    """0 and a word when nothing differs."""
    assert command.main(["contract", "--check"]) == 0
    assert "the cassettes ask what the contract says" in capsys.readouterr().out
