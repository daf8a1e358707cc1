"""Makes the tiny base model: `python -m data.tiny_phi3.generate [--steps N] [--out DIR]`.

A real `Phi3ForCausalLM` with a tokenizer of its own, pretrained from nothing on `corpus.py`. One
thread and fixed seeds: on one machine every run writes the same bytes. Other processors round
differently in the last bits, so there the losses are the thing to compare. About 100 CPU seconds.
"""

# It talks to who runs it.
from __future__ import annotations

import os

# Before torch is imported: a second thread changes the order of sums, and is slower besides.
os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}

import argparse
import hashlib
import json
import platform
import sys
from pathlib import Path

import tokenizers
import torch
import transformers
from transformers import PreTrainedTokenizerFast

from data.tiny_phi3.corpus import Corpus, draw_corpus
from data.tiny_phi3.pretraining import STEPS, new_model, pretrain
from data.tiny_phi3.vocabulary import train_tokenizer

HERE = Path(__file__).parent
SUMS = "SHA256SUMS"
TRACE = "pretraining.json"


def main() -> None:
    """Generate the model and say where it lies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--steps", type=int, default=STEPS, help="stop early (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the model")
    given = parser.parse_args()
    if not 1 <= given.steps <= STEPS:
        parser.error(f"--steps is {given.steps}: choose 1 to {STEPS}")
    generate(given.out, given.steps)
    print(f"\n{given.out}: model, tokenizer, {TRACE} and {SUMS} written")


def generate(out: Path, steps: int = STEPS) -> None:
    """Write model, tokenizer, loss trace and checksums under `out`."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    corpus = draw_corpus()
    tokenizer = train_tokenizer(_tokenizer_texts(corpus))
    model = new_model(tokenizer)
    losses = pretrain(model, _documents(tokenizer, corpus), steps, _show)
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # written readable by its owner only
    tokenizer.save_pretrained(out)
    trace = {"conditions": conditions(), "losses": [round(loss, 6) for loss in losses]}
    (out / TRACE).write_text(json.dumps(trace, indent=0) + "\n")
    _write_sums(out)


def conditions() -> dict[str, str]:
    """What the last bits of the weights depend on."""
    return {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
        "processor": _processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _tokenizer_texts(corpus: Corpus) -> list[str]:
    return corpus.texts + [message["content"] for chat in corpus.chats for message in chat]


def _documents(tokenizer: PreTrainedTokenizerFast, corpus: Corpus) -> list[list[int]]:
    chats: list[str] = tokenizer.apply_chat_template(corpus.chats, tokenize=False)
    texts = [text + tokenizer.eos_token for text in corpus.texts]
    ids: list[list[int]] = tokenizer(chats + texts, add_special_tokens=False)["input_ids"]
    return ids


def _show(step: int, loss: float) -> None:
    if step == 1 or step % 20 == 0:
        end = "\r" if sys.stdout.isatty() else "\n"
        print(f"step {step:4d} of {STEPS}  loss {loss:.3f}", end=end, flush=True)


def _write_sums(out: Path) -> None:
    """Checksums of the files written here, in the format of `sha256sum --check`."""
    kinds = {".json", ".jinja", ".safetensors"}
    files = sorted(path for path in out.iterdir() if path.suffix in kinds)
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (out / SUMS).write_text("".join(lines))


if __name__ == "__main__":
    main()
