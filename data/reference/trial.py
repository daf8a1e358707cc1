"""One training as the twin's engine does it, step by step, without the HTTPS control plane.

The steps are the engine's own functions, called in this process; only tracking is left out.
"""

from __future__ import annotations

import os

# Before torch is imported: a second thread changes the order of sums, and is slower besides.
os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from data.reference.conditions import BASE, SAMPLE
from data.reference.trial_inputs import LITERALS
from harness.acceptance.facts import RunFacts, from_history
from harness.acceptance.text import NEW_TOKENS, PROMPTS, held_out, scored
from harness.twin.engine.steps import converter, finetune, model_import, preprocess
from harness.twin.engine.steps.step import Step
from harness.twin.serving.generation import Model, load


@dataclass(frozen=True)
class Bench:
    """A folder in which trials are run; imported model and token rows are made once and shared."""

    folder: Path
    base: Path = BASE
    train: Path = SAMPLE / "train_sft.jsonl"
    literals: Mapping[str, str] = field(default_factory=lambda: LITERALS)

    def prepare(self) -> Mapping[str, str]:
        """Import the base model and make token rows; the properties preprocess left."""
        with _quiet(self.folder / "prepare.log"):
            model_import.run(self._step({"mlflow_model_path": self.base}, output_dir="imported"))
            inputs = {"model_selector_output": "imported", "train_file_path": self.train}
            return preprocess.run(self._step(inputs, output_dir="rows")).properties

    def trial(self, seed: int, counts: Mapping[str, str], prompts: int = PROMPTS) -> RunFacts:
        """Train with this seed, save, load what was saved, ask it. About five CPU seconds."""
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        with _quiet(self.folder / "trial.log"):
            given = {"model_selector_output": "imported", "preprocess_output": "rows"}
            finetune.run(self._step(given, seed, pytorch_model_folder="work/trained"))
            saved = {"model_selector_output": "imported", "model_path": "work/trained"}
            converter.run(self._step(saved, seed, mlflow_model_folder="work/mlflow"))
            said = answers(load(self.folder / "work" / "mlflow"), prompts)
        text = (self.folder / "work" / "trained" / "log_history.json").read_text(encoding="utf-8")
        return from_history(
            seed,
            json.loads(text),
            tokens=int(counts["__azureml_ft_training_tokens"]),
            assistant_tokens=int(counts["__azureml_ft_assistant_tokens"]),
            **scored(said),
        )

    def untrained(self) -> dict[str, float]:
        """What the base model's answers score."""
        with _quiet(self.folder / "base.log"):
            return scored(answers(load(self.base), PROMPTS))

    def _step(self, inputs: Mapping[str, str | Path], seed: int = 42, **outputs: str) -> Step:
        return Step(
            name="trial",
            profile="tiny",
            literals={**self.literals, "seed": str(seed)},
            inputs={name: str(self.folder / place) for name, place in inputs.items()},
            outputs={name: str(self.folder / place) for name, place in outputs.items()},
            root_log=str(self.folder / "root.log"),
            work=str(self.folder / "work" / "checkpoints"),
        )


def answers(model: Model, prompts: int) -> list[tuple[str, str]]:
    """What the model says greedily to each prompt, and what the data says."""
    greedy = {"temperature": 0, "max_new_tokens": NEW_TOKENS}
    return [
        (model.chat([{"role": "user", "content": prompt}], greedy).text, wanted)
        for prompt, wanted in held_out(SAMPLE / "test_sft.jsonl", prompts)
    ]


@contextmanager
def _quiet(log: Path) -> Iterator[None]:
    """Let the steps talk into a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as sink, redirect_stdout(sink), redirect_stderr(sink):
        yield
