"""`python -m harness cassettes diff`: two folders, what differs, and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.wire.cassette import written
from harness.wire_diff.__main__ import main

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"


def test_the_command_speaks_and_exits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 and a sum for equal recordings; 2 and the command to type where there is none."""
    assert main([str(SHIPPED), str(SHIPPED)]) == 0
    assert "0 breaking, 0 risky, 0 harmless" in capsys.readouterr().out

    assert main([str(SHIPPED), str(tmp_path)]) == 2
    assert "--record --cassettes" in capsys.readouterr().err


def test_the_folder_of_all_scenarios_will_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `--record --cassettes` takes is taken here while it holds one scenario; then it asks."""
    shutil.copytree(SHIPPED, tmp_path / "finetune_chat")
    assert main([str(SHIPPED.parent), str(tmp_path)]) == 0
    assert "0 breaking, 0 risky, 0 harmless" in capsys.readouterr().out

    shutil.copytree(SHIPPED, tmp_path / "other")
    assert main([str(SHIPPED), str(tmp_path)]) == 2
    both = f"Next: name {tmp_path / 'finetune_chat'} or {tmp_path / 'other'}"
    assert both in capsys.readouterr().err


def test_a_change_is_told_to_people_and_to_machines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two recordings on disk that differ in a field and a package: exit code 1, both are said."""
    shutil.copytree(SHIPPED, tmp_path / "after")
    file = tmp_path / "after" / "3_cluster.json"
    told = json.loads(file.read_text())
    for entry in told["interactions"]:
        if entry["operation"] == "compute.create":
            properties = entry["request"]["body"]["properties"]["properties"]
            properties["vm_size"] = properties.pop("vmSize")
    file.write_text(written(told["provenance"], told["interactions"]))
    first = tmp_path / "after" / "1_connection.json"
    first.write_text(first.read_text().replace('"azure-ai-ml": "1.', '"azure-ai-ml": "9.'))

    code = main([str(SHIPPED), str(tmp_path / "after")])

    text = capsys.readouterr().out
    assert code == 1
    assert "-> 9.35.2" in text
    assert "field renamed body.properties.properties: vmSize -> vm_size" in text
    assert "because a service that reads the former name" in text
    main([str(SHIPPED), str(tmp_path / "after"), "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["severity"], found["operation"]) == ("breaking", "compute.create")
