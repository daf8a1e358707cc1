"""The training loop: next-token loss over packed rows, one thread, bitwise repeatable."""

# Repeatable draws are the point of a seeded generator.
from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from random import Random

import torch
from transformers import GenerationConfig, Phi3Config, Phi3ForCausalLM, PreTrainedTokenizerFast

from data.tiny_phi3.vocabulary import CONTEXT

SEED = 1
STEPS = 1100
ROWS = 8
ROW_TOKENS = 256
PEAK_RATE = 5e-3
WARM_UP = 40
IGNORED = -100
Row = list[list[int]]
"""Documents packed side by side, each a list of token ids."""


def new_model(tokenizer: PreTrainedTokenizerFast) -> Phi3ForCausalLM:
    """An untrained model: 237,888 parameters in single precision."""
    torch.manual_seed(SEED)
    config = Phi3Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT,
        original_max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = Phi3ForCausalLM(config)
    model.generation_config = _generation_config(tokenizer)
    return model


def _generation_config(tokenizer: PreTrainedTokenizerFast) -> GenerationConfig:
    # As in Phi-3-mini's generation_config.json: an answer ends at <|end|> or <|endoftext|>.
    ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|end|>")]
    return GenerationConfig(
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=ends,
    )


def pretrain(
    model: Phi3ForCausalLM,
    documents: list[list[int]],
    steps: int,
    show: Callable[[int, float], None],
) -> list[float]:
    """Take the first `steps` of the STEPS-long schedule and return the loss of each.

    `show` is called with the number of steps done and the last loss. The rate does not depend on
    `steps`, so a short run repeats the beginning of a full one.
    """
    model.train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    losses = []
    for step, batch in zip(range(steps), _batches(documents), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = _rate(step)
        loss = model(**batch, use_cache=False).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        show(step + 1, losses[-1])
    return losses


def _rate(step: int) -> float:
    """Linear warm-up, then cosine down to a tenth."""
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    done = (step - WARM_UP) / (STEPS - WARM_UP)
    return PEAK_RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * done)))


def _batches(documents: list[list[int]]) -> Iterator[dict[str, torch.Tensor]]:
    rng = Random(SEED)
    while True:
        rows = pack(rng.sample(documents, len(documents)))
        for start in range(0, len(rows) - ROWS + 1, ROWS):
            yield _tensors(rows[start : start + ROWS])


def pack(documents: list[list[int]]) -> list[Row]:
    """Fill rows of at most ROW_TOKENS tokens, in order; a longer document loses its end."""
    rows: list[Row] = [[]]
    room = ROW_TOKENS
    for document in (whole[:ROW_TOKENS] for whole in documents):
        if len(document) > room:
            rows.append([])
            room = ROW_TOKENS
        rows[-1].append(document)
        room -= len(document)
    return rows


def _tensors(rows: list[Row]) -> dict[str, torch.Tensor]:
    """Token ids, labels and positions, each ROWS x ROW_TOKENS.

    Positions start again with every document: from that the model derives attention that stays
    within a document. A document's first token is not predicted from the one before it.
    """
    ids, labels, positions = [], [], []
    for row in rows:
        gap = ROW_TOKENS - sum(map(len, row))
        ids.append([token for document in row for token in document] + [0] * gap)
        labels.append(
            [label for document in row for label in [IGNORED, *document[1:]]] + [IGNORED] * gap
        )
        positions.append([n for document in row for n in range(len(document))] + list(range(gap)))
    return {
        "input_ids": torch.tensor(ids),
        "labels": torch.tensor(labels),
        "position_ids": torch.tensor(positions),
    }
