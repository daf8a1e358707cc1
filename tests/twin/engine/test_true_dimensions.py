"""Profile `phi3`: the engine's own job on the architecture as it is, here with small dimensions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import Phi3Config, Phi3ForCausalLM

from harness.twin.__main__ import main
from harness.twin.engine import phi3, profiles, scale
from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps import model_import, preprocess
from harness.twin.engine.steps.step import Step
from harness.twin.warm import Warm

from .bench import BASE, MODEL, SHORT, Bench, make_bench

CHAT = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello, you."}]
SMALL = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "vocab_size": 1024,
    "max_position_embeddings": 1024,
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as somebody with weights would name it: made as the profile makes its own."""
    folder = tmp_path_factory.mktemp("weights") / "phi"
    phi3.make(folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def own(
    warm: Warm, weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Bench, str]]:
    """A twin's parts with that base model, and a job that has ended."""
    bench = make_bench(tmp_path_factory.mktemp("own"), warm, profile="phi3", weights=weights)
    uri = bench.upload("a.jsonl", (json.dumps({"messages": CHAT}) + "\n") * 12)
    bench.submit("true", SHORT | {"precision": "16"}, train_file_path=uri)
    bench.wait("true")
    yield bench, "true"
    bench.runner.close()


def test_the_same_five_steps_train_it(own: tuple[Bench, str]) -> None:
    """The job as it is for any profile: its model, the recipe's rate, activations recomputed."""
    bench, job = own

    assert bench.wait(job)["status"] == "Completed"
    assert [run["status"] for run in bench.children(job).values()] == ["Completed"] * 6
    config = json.loads(next(bench.output(job).rglob("config.json")).read_text())
    assert config["num_hidden_layers"] == SMALL["num_hidden_layers"]
    tuned = bench.children(job)["chat_completion_finetune"]
    assert "twin.notes" in tuned["properties"]  # 16 bits are 32 without CUDA
    assert "learning_rate" not in tuned["properties"]["twin.notes"]
    said = bench.log(tuned["name"], "user_logs/std_log.txt")
    assert "activations are recomputed (gradient checkpointing)" in said


def test_the_dimensions_are_those_of_phi3_mini() -> None:
    """3,821,079,552 parameters, counted without a byte of them."""
    with torch.device("meta"):
        model = Phi3ForCausalLM(Phi3Config(**phi3.PHI3_MINI, pad_token_id=3))

    assert sum(weight.numel() for weight in model.parameters()) == 3_821_079_552


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "torch sees no CUDA device on this machine. Next: python -m harness twin"),
        (("--weights", "nowhere"), "nowhere is no model folder"),
    ],
)
def test_a_machine_that_cannot_is_told_before_anything_is_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    why: str,
) -> None:
    """Exit code 2, the next command, and no state folder."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    code = main(["--profile", "phi3", "--state", str(tmp_path / "state"), *options])

    assert code == 2
    assert why in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_format_are_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without safetensors is refused; nothing is made up in its stead."""
    (other := tmp_path / "phi").mkdir()
    (other / "config.json").write_text("{}")
    (other / "pytorch_model.bin").touch()

    code = main(["--weights", str(other), "--state", str(tmp_path / "state")])

    assert code == 2
    assert "there is no *.safetensors in it" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["phi"]


def test_weights_that_have_gone_are_not_made_up(tmp_path: Path) -> None:
    """A folder of the user's that has vanished since the start: told, and not filled."""
    gone = tmp_path / "phi"
    literals = {"mlflow_model_path": MODEL}
    inputs = {"mlflow_model_path": str(gone)}
    step = Step("s", "phi3", literals, inputs, {}, str(tmp_path / "log"), "work", given=True)

    with pytest.raises(UserError, match=r"there is no config.json in it"):
        model_import.run(step)

    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_made_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where writing it fails nor where its place is taken; both are told."""

    def full(draft: Path, _: object) -> None:
        draft.mkdir()
        raise OSError("no space left")

    monkeypatch.setattr(phi3, "make", full)
    with pytest.raises(OSError, match="no space left"):
        profiles.make("phi3", tmp_path / "phi3")
    monkeypatch.setattr(phi3, "make", lambda draft, _: draft.mkdir())
    (tmp_path / "phi3").touch()
    with pytest.raises(OSError, match="phi3"):
        profiles.make("phi3", tmp_path / "phi3")

    assert [path.name for path in tmp_path.iterdir()] == ["phi3"]


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is dep:FutureWarning")  # peft asks
def test_speed_is_measured_on_the_jobs_own_steps(weights: Path, tmp_path: Path) -> None:
    """Full rows of the length asked for, the first steps not timed, memory, conditions."""
    load = scale.Load("phi3", weights, steps=2, batch=2, length=64, lora_r=8, full=False)

    speed = scale.measure(load, tmp_path)

    assert len(speed.losses) == 4
    assert len(speed.step_seconds_each) == 2
    assert speed.tokens_per_second == pytest.approx(128 / speed.step_seconds, rel=0.01)
    assert speed.peak_memory_gib > 0.1
    rows = (tmp_path / "rows" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert {len(json.loads(row)["input_ids"]) for row in rows} == {64}
    assert {"device", "dtype", "torch", "transformers"} <= set(scale.conditions())
    with pytest.raises(UserError, match="datapreprocess failed: Invalid component inputs: lora_r"):
        scale.measure(dataclasses.replace(load, lora_r=0), tmp_path)


def test_a_template_that_marks_nobody_is_read_as_phi3s_own(tmp_path: Path) -> None:
    """Published Phi-3 tokenizers do not say which words are the assistant's; the loss needs it."""
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        text = (BASE / name).read_text(encoding="utf-8")
        for mark in ("{%- generation -%}", "{%- endgeneration -%}"):
            text = text.replace(mark, "")
        (tmp_path / name).write_text(text, encoding="utf-8")

    marked, plain = (
        preprocess.load_tokenizer(BASE, -1)[0],
        preprocess.load_tokenizer(tmp_path, -1)[0],
    )

    assert plain.chat_template == marked.chat_template


def test_jobs_of_a_dead_twin_are_failed(own: tuple[Bench, str], warm: Warm) -> None:
    """What was running when the twin was killed is Failed at the next start, with the reason."""
    bench, job = own
    for run in bench.runner.runs_of(job):  # as the store looks after a kill
        bench.store.put("run", run["name"], run | {"status": "Running", "ended": None})

    again = make_bench(bench.settings.state, warm)
    again.runner.recover()

    root = again.wait(job, seconds=1)
    document = again.store.get("job", job) or {}
    assert (root["status"], document["status"]) == ("Failed", "Failed")
    assert "The twin was stopped" in root["error"]["error"]["message"]
    again.runner.close()
