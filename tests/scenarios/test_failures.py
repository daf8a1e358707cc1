"""What a scenario's file cannot say: a disk, a data set of one's own, and following the advice."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.recipe.data import SAMPLE, SPLITS
from harness.targets.twin import twin_python

from ..programs import write_shell_program

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns


def test_the_registry_of_today_works_once_told_what_to_ignore(
    tmp_path: Path, whole_runs: WholeRuns
) -> None:
    """Following the refusal's own next command, the recipe of today runs green."""
    ignored = json.dumps(["learning_rate_max", "learning_rate_min"])

    ended = whole_runs.on_its_own(
        tmp_path, settings=["twin.era=today", f"finetune.ignore_model_defaults={ignored}"]
    )

    assert ended.code == pytest.ExitCode.OK, ended.output
    assert ended.record is not None
    assert ended.folder is not None
    said = {each.check for each in ended.record.findings if each.severity != "info"}
    assert said == {
        "compute.allowed",
        "compute.spec",
        "contract.precedence",
        "model.archived",
        "model.retired",
    }
    page = (ended.folder / "index.html").read_text()
    assert "cannot tell whether Standard_NC24ads_A100_v4 is right" in page
    assert "who can mend it: base model" in page
    assert "cannot tell: the model publishes no" in ended.output


def test_nothing_to_ask_is_known_before_the_training(
    tmp_path: Path, whole_runs: WholeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row of test_gen ends with the user's turn: step 4 says so, and no job is submitted."""
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = (SAMPLE / "test_gen.jsonl").read_text().splitlines(keepends=True)
    answered = [row for row in rows if json.loads(row)["messages"][-1]["role"] == "assistant"]
    hub = _from_hub(tmp_path / "dataset", test_gen="".join(answered))

    ended = whole_runs.on_the_shared_twin(tmp_path / "run", settings=hub, fresh_job=True)

    name, error = ended.failed_step()
    assert name == "splits"
    assert f"none of the {len(answered)} rows of test_gen.jsonl ends with a user's turn" in error
    assert ended.record is not None
    assert {deleted.kind for deleted in ended.record.deleted} == {"compute"}
    (found,) = [each for each in ended.record.findings if each.severity == "error"]
    assert (found.check, found.blame) == ("data.prompts", "data")


def test_a_disk_that_is_full_while_uploading(
    tmp_path: Path, whole_runs: WholeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin can write no file over 33 MB: the upload is refused, saying what is full."""
    python = shlex.quote(str(twin_python()))
    script = f'ulimit -f 66000\nexec {python} "$@"'  # of 512 bytes; with less no twin starts
    small_disk = write_shell_program(tmp_path / "python", script)
    monkeypatch.setenv("HARNESS_TWIN_PYTHON", str(small_disk))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    large = (SAMPLE / "train_sft.jsonl").read_text() * 120

    ended = whole_runs.on_its_own(
        tmp_path / "run", settings=_from_hub(tmp_path / "dataset", train_sft=large)
    )

    name, error = ended.failed_step()
    assert name == "job", error
    assert "uploading its data to" in error
    assert "The disk under the twin's state is full" in error
    assert ended.record is not None
    assert ended.record.leftovers == ()


def _from_hub(folder: Path, **changed: str) -> list[str]:
    """The settings that read a data set of the hub's layout: the sample, but for these splits."""
    folder.mkdir()
    files = "".join(f"  - split: {split}\n    path: {split}.jsonl\n" for split in SPLITS)
    card = f"---\nconfigs:\n- config_name: default\n  data_files:\n{files}---\n"
    (folder / "README.md").write_text(card)
    for split in SPLITS:
        text = changed.get(split) or (SAMPLE / f"{split}.jsonl").read_text()
        (folder / f"{split}.jsonl").write_text(text)
    return ["data.source=hub", "data.percent=100", f"data.dataset={folder}"]
