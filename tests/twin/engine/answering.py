"""Run in a process of its own: what a fine-tuned model says."""

from __future__ import annotations

import json
from pathlib import Path

PROMPTS = ("Hello! What do frogs eat?", "What is 3 + 4?", "What is the capital of Norway?")


def answer(folder: str, target: str) -> None:
    """Ask through mlflow.pyfunc once, and through transformers greedily; JSON into `target`."""
    import mlflow

    asked = [{"role": "user", "content": PROMPTS[0]}]
    chat = mlflow.pyfunc.load_model(folder).predict({"messages": asked, "max_tokens": 24})
    said = {"pyfunc": chat[0]["choices"][0]["message"]["content"], "greedy": _greedy(folder)}
    Path(target).write_text(json.dumps(said), encoding="utf-8")


def _greedy(folder: str) -> list[str]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/components/tokenizer")
    model = AutoModelForCausalLM.from_pretrained(f"{folder}/model")
    texts = []
    for prompt in PROMPTS:
        asked = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        )
        out = model.generate(**asked, max_new_tokens=24, do_sample=False)
        texts.append(
            tokenizer.decode(out[0][asked["input_ids"].shape[1] :], skip_special_tokens=True)
        )
    return texts
