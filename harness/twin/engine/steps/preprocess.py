"""Step 3, `chat_completion_datapreprocess`: rows become tokens, with loss on assistant tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.twin.engine import inputs
from harness.twin.engine.inputs import Parameters
from harness.twin.engine.profiles import TINY
from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.conversation import Encoded, Row, encode, enough, keep, split
from harness.twin.engine.steps.files import read_rows
from harness.twin.engine.steps.step import Outcome, Step, log


def run(step: Step) -> Outcome:
    """Raises UserError when a data rule is broken (see conversation.py)."""
    parameters = inputs.read(step.literals)
    model = step.input("model_selector_output") / "model"
    tokenizer, limit = load_tokenizer(model, parameters.whole("max_seq_length"))
    train, validation = _splits(step)
    folder = step.output("output_dir")
    log(f"chat template applied with at most {limit} tokens a row")
    encoded = encode(train, tokenizer, limit, "training")
    checked = encode(validation, tokenizer, limit, "validation")
    if not encoded.assistant_tokens:
        raise UserError(
            "No row has any assistant token after truncation, so there is nothing to train on. "
            "Check that messages have role 'assistant', or raise max_seq_length."
        )
    _write(folder / "train.jsonl", encoded)
    _write(folder / "validation.jsonl", checked)
    _raw_test(step, folder)
    _arguments(folder, parameters, limit)
    step.say(
        f"{len(encoded.examples)} training rows ({encoded.tokens} tokens, "
        f"{encoded.assistant_tokens} of the assistant), {len(checked.examples)} validation rows; "
        f"dropped: {encoded.dropped}"
    )
    counts = {
        "__azureml_ft_training_tokens": str(encoded.tokens),
        "__azureml_ft_assistant_tokens": str(encoded.assistant_tokens),
    }
    return Outcome(
        properties=counts, root_properties=counts, notes=_notes(parameters, limit, encoded)
    )


def load_tokenizer(folder: Path, wanted: int) -> tuple[Any, int]:
    """The tokenizer and the longest row in tokens: `wanted` (-1: no wish) or what the model takes.

    Raises UserError when it has no chat template or no end-of-text token.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    if not tokenizer.chat_template or tokenizer.eos_token is None:
        raise UserError("The base model's tokenizer has no chat template or no EOS token.")
    tokenizer.chat_template = _marked(tokenizer.chat_template)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    most = min(int(tokenizer.model_max_length), int(config["max_position_embeddings"]))
    return tokenizer, most if wanted <= 0 else min(wanted, most)


def _marked(template: str) -> str:
    """Phi-3's own template does not mark what the assistant says; the tiny model's, of the same
    format, does, and the loss needs it."""
    if "generation %}" in template.replace("-%}", " %}") or "<|assistant|>" not in template:
        return template
    return (TINY / "chat_template.jinja").read_text(encoding="utf-8")


def _splits(step: Step) -> tuple[list[Row], list[Row]]:
    train, dropped = keep(read_rows(step.input("train_file_path"), "training"), "training")
    log(f"training: {len(train)} rows kept, dropped {dropped}")
    enough(train)
    if "validation_file_path" not in step.inputs:
        log("no validation_file_path: train[:80%] trains, train[80%:100%] validates")
        return split(train)
    rows = read_rows(step.input("validation_file_path"), "validation")
    validation, dropped = keep(rows, "validation")
    log(f"validation: {len(validation)} rows kept, dropped {dropped}")
    return train, validation


def _write(path: Path, encoded: Encoded) -> None:
    with path.open("w", encoding="utf-8") as file:
        for example in encoded.examples:
            row = {"input_ids": example.input_ids, "labels": example.labels}
            file.write(json.dumps(row) + "\n")


def _raw_test(step: Step, folder: Path) -> None:
    """Test data is kept as it came: the component's skip_test_data_processing is true."""
    if "test_file_path" in step.inputs:
        source = step.input("test_file_path")
        (folder / f"test{source.suffix}").write_bytes(source.read_bytes())


def _arguments(folder: Path, parameters: Parameters, limit: int) -> None:
    arguments = {
        "task_name": "ChatCompletion",
        "max_seq_length": limit,
        "pad_to_max_length": parameters.yes("pad_to_max_length"),
        "batch_size": parameters.whole("batch_size"),
    }
    text = json.dumps(arguments, indent=2)
    (folder / "preprocess_args.json").write_text(text, encoding="utf-8")


def _notes(parameters: Parameters, limit: int, encoded: Encoded) -> tuple[str, ...]:
    notes, wanted = [], parameters.whole("max_seq_length")
    if parameters.changed("batch_size"):
        notes.append("batch_size (of the tokenizer's map) has no effect: rows go one by one")
    if wanted > limit:
        notes.append(f"max_seq_length {wanted} is {limit} here, all that this base model takes")
    if encoded.cut and wanted != limit:
        notes.append(
            f"{encoded.cut} training row(s) were cut to {limit} tokens; Phi-3-mini takes 4096"
        )
    return tuple(notes)
