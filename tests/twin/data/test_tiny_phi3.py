"""The committed base model is the real thing, small: a Phi-3 with its tokenizer and chat format."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer, Phi3ForCausalLM, TokenizersBackend

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "data" / "tiny_phi3"
SAMPLE = ROOT / "data" / "ultrachat_sample"
TWO_TURNS = [
    {"role": "system", "content": "Answer in a few words."},
    {"role": "user", "content": "What is the capital of Norway?"},
    {"role": "assistant", "content": "Oslo."},
    {"role": "user", "content": "And of Colombia?"},
    {"role": "assistant", "content": "Bogotá."},
]


@pytest.fixture(scope="module")
def tokenizer() -> TokenizersBackend:
    """The committed tokenizer, loaded as anyone would."""
    return AutoTokenizer.from_pretrained(MODEL)


@pytest.fixture(scope="module")
def model() -> Phi3ForCausalLM:
    """The committed model, loaded as anyone would."""
    return AutoModelForCausalLM.from_pretrained(MODEL)


def test_the_files_match_their_checksums() -> None:
    """Every file of the model is listed in SHA256SUMS and unchanged."""
    lines = (MODEL / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ") for line in lines)}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in MODEL.iterdir()
        if path.suffix in {".json", ".jinja", ".safetensors"}
    }
    assert found == listed
    assert {"model.safetensors", "tokenizer.json", "config.json"} <= set(listed)


def test_it_is_a_phi3_of_a_quarter_million_parameters(model: Phi3ForCausalLM) -> None:
    """Architecture and size are as told: 237,888 parameters in single precision, below 1 MB."""
    assert type(model) is Phi3ForCausalLM
    assert model.num_parameters() == 237_888
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert (MODEL / "model.safetensors").stat().st_size < 1_000_000


def test_special_tokens_agree_everywhere(
    model: Phi3ForCausalLM, tokenizer: TokenizersBackend
) -> None:
    """Tokenizer, config and generation config name the same tokens, all inside the vocabulary."""
    ids = (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id)
    config, generation = model.config, model.generation_config
    end = tokenizer.convert_tokens_to_ids("<|end|>")

    assert ids == (3, 1, 3)
    assert (config.pad_token_id, config.bos_token_id, config.eos_token_id) == ids
    assert (generation.pad_token_id, generation.bos_token_id) == ids[:2]
    assert generation.eos_token_id == [tokenizer.eos_token_id, end]
    assert len(tokenizer) == config.vocab_size == 1024


def test_the_chat_template_writes_phi3s_format(tokenizer: TokenizersBackend) -> None:
    """A chat of two turns with a system message renders to exactly this text."""
    text = tokenizer.apply_chat_template(TWO_TURNS, tokenize=False)
    assert text == (
        "<|system|>\nAnswer in a few words.<|end|>\n"
        "<|user|>\nWhat is the capital of Norway?<|end|>\n"
        "<|assistant|>\nOslo.<|end|>\n"
        "<|user|>\nAnd of Colombia?<|end|>\n"
        "<|assistant|>\nBogotá.<|end|>\n"
        "<|endoftext|>"
    )


def test_a_prompt_ends_where_the_assistant_begins(tokenizer: TokenizersBackend) -> None:
    """With add_generation_prompt the text stops after the assistant's tag."""
    text = tokenizer.apply_chat_template(TWO_TURNS[1:2], tokenize=False, add_generation_prompt=True)
    assert text == "<|user|>\nWhat is the capital of Norway?<|end|>\n<|assistant|>\n"


@pytest.mark.parametrize(
    "messages",
    [
        [*TWO_TURNS[1:3], TWO_TURNS[0]],
        [{"role": "tool", "content": "42"}],
    ],
    ids=["a system message later on", "an unknown role"],
)
def test_a_role_out_of_place_is_refused(
    tokenizer: TokenizersBackend, messages: list[dict[str, str]]
) -> None:
    """No message is dropped silently: the template names the one it cannot place."""
    with pytest.raises(TemplateError, match=rf"Message {len(messages)} has role"):
        tokenizer.apply_chat_template(messages, tokenize=False)


def test_the_assistant_mask_covers_what_the_assistant_says(tokenizer: TokenizersBackend) -> None:
    """Masked are exactly the answers, each with the <|end|> that closes it."""
    encoded = tokenizer.apply_chat_template(
        TWO_TURNS, return_dict=True, return_assistant_tokens_mask=True
    )
    pairs = zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
    assert (
        tokenizer.decode([token for token, said in pairs if said]) == "Oslo.<|end|>Bogotá.<|end|>"
    )


def test_masks_hold_for_the_whole_training_split(tokenizer: TokenizersBackend) -> None:
    """In every chat of train_sft the masked tokens spell the assistant's messages, no more."""
    for line in (SAMPLE / "train_sft.jsonl").read_text("utf-8").splitlines():
        messages = json.loads(line)["messages"]
        encoded = tokenizer.apply_chat_template(
            messages, return_dict=True, return_assistant_tokens_mask=True
        )
        pairs = zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
        said = "".join(m["content"] + "<|end|>" for m in messages if m["role"] == "assistant")
        assert tokenizer.decode([token for token, masked in pairs if masked]) == said


def test_every_chat_fits_the_context(tokenizer: TokenizersBackend) -> None:
    """The longest chat of the sample leaves room for an answer of 200 tokens."""
    texts = [
        tokenizer.apply_chat_template(json.loads(line)["messages"], tokenize=False)
        for path in SAMPLE.glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
    ]
    assert max(map(len, tokenizer(texts)["input_ids"])) + 200 <= tokenizer.model_max_length


def test_the_base_model_knows_facts_and_answers_bluntly(
    model: Phi3ForCausalLM, tokenizer: TokenizersBackend
) -> None:
    """It was really pretrained: a right answer, short, ended by <|end|>, not polite."""
    prompt = tokenizer.apply_chat_template(
        TWO_TURNS[1:2], add_generation_prompt=True, return_dict=True, return_tensors="pt"
    )
    torch.set_num_threads(1)
    answer = model.generate(**prompt, max_new_tokens=20, do_sample=False)
    assert tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :]) == "Oslo.<|end|>"
