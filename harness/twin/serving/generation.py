"""A chat model from an MLflow folder, and text out of it. Runs in a container only."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

Message = Mapping[str, str]
_NEW_TOKENS = 256  # when the request does not say; the images' own default is not public
_FOR_SAMPLING = ("temperature", "top_p", "top_k")
_NOT_FOR_GENERATE = ("return_full_text", "stop", "model")


@dataclass(frozen=True)
class Text:
    """What the model said. `prompt_tokens` and `new_tokens` count tokens."""

    text: str
    prompt_tokens: int
    new_tokens: int
    finish_reason: str  # "stop" at an end token, "length" at the limit


@dataclass(frozen=True)
class Model:
    """A causal language model and its tokenizer with a chat template."""

    name: str
    network: Any
    tokenizer: Any

    def chat(self, messages: Sequence[Message], parameters: Mapping[str, Any]) -> Text:
        """The assistant's next turn. Temperature 0 is greedy; sampling is not seeded.

        Raises what transformers raises for parameters it does not know.
        """
        options = {k: v for k, v in parameters.items() if k not in _NOT_FOR_GENERATE}
        if options.get("temperature") == 0:
            options |= {"do_sample": False}
        if not options.get("do_sample"):
            options = {
                k: v for k, v in options.items() if k not in ("temperature", "top_p", "top_k")
            }
        limit = int(options.pop("max_new_tokens", None) or _NEW_TOKENS)
        prompt, limit = self._fit(self._prompt(messages), limit)
        prompt = prompt.to(self.network.device)
        with torch.inference_mode():
            found = self.network.generate(prompt, max_new_tokens=limit, **options)
        new = found[0, prompt.shape[1] :]
        ended = bool(len(new)) and int(new[-1]) in self._ends()
        text = self.tokenizer.decode(new, skip_special_tokens=True).strip()
        return Text(text, prompt.shape[1], len(new), "stop" if ended else "length")

    def _prompt(self, messages: Sequence[Message]) -> torch.Tensor:
        found = self.tokenizer.apply_chat_template(
            list(messages), add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        ids: torch.Tensor = found["input_ids"]
        return ids

    def _fit(self, prompt: torch.Tensor, limit: int) -> tuple[torch.Tensor, int]:
        """Keep prompt and answer inside the context; what is left out is said in the log."""
        context = int(self.network.config.max_position_embeddings)
        limit = min(limit, context // 2)
        over = prompt.shape[1] + limit - context
        if over > 0:
            print(f"The context of {context} tokens leaves out the first {over} of the prompt")  # noqa: T201  # logs
            prompt = prompt[:, over:]
        return prompt, limit

    def _ends(self) -> set[int]:
        end = self.network.generation_config.eos_token_id
        return set(end) if isinstance(end, list) else {end}


def load(folder: Path) -> Model:
    """The model below `folder`, which is `.../<name>/<version>`; an MLflow folder keeps weights and
    tokenizer apart, others together.

    Raises FileNotFoundError when there is none, and what transformers raises for a broken one.
    """
    torch.set_num_threads(1)  # more made a step five times slower on two shared cores
    torch.seed()  # forked processes would otherwise all draw the same
    started = time.perf_counter()
    weights, words = _holder(folder, "config.json"), _holder(folder, "tokenizer_config.json")
    network: Any = AutoModelForCausalLM.from_pretrained(weights)
    network.eval()
    if torch.cuda.is_available():
        network.to("cuda")
    model = Model(folder.parent.name, network, AutoTokenizer.from_pretrained(words))
    print(f"Model loaded in {time.perf_counter() - started:.2f} s")  # noqa: T201  # the container's log
    return model


def _holder(folder: Path, mark: str) -> Path:
    """The highest folder that holds a file of that name."""
    found = sorted(folder.rglob(mark), key=lambda path: len(path.parts))
    if not found:
        raise FileNotFoundError(f"no {mark} below {folder}: there is no model to load")
    return found[0].parent
