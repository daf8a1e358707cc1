"""What a scenario has in hand, judged."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.reference import trial_inputs
from harness.acceptance.kind import conditions_of, kind, seed_of
from harness.acceptance.live import ask, body, judge
from harness.acceptance.reference import Reference, find
from harness.acceptance.text import PROMPTS, scored
from harness.acceptance.verdict import overall
from harness.training import told

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "ultrachat_sample"
TRAIN = SAMPLE / "train_sft.jsonl"


@dataclass(frozen=True)
class Metrics:
    """What step 5 reads from MLflow."""

    train_loss: list[tuple[int, float]]
    eval_loss: list[tuple[int, float]]
    learning_rate: list[tuple[int, float]]
    tokens: int | None
    last: dict[str, float]


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The twin's reference, as it ships."""
    found = find("twin", "tiny")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def metrics(reference: Reference) -> Metrics:
    """Seed 42, which is what the recipe runs."""
    run = reference.runs[0]
    assert run.base_loss is not None
    assert run.eval_loss is not None
    return Metrics(
        list(run.train_loss),
        [(0, run.base_loss), (480, run.eval_loss)],
        list(run.learning_rate),
        run.tokens,
        {"total_flos": run.total_flos or 0.0},
    )


# As the recipe's parameters arrive: numbers of the plan, texts of the model's tags, computes.
PARAMETERS = {
    **trial_inputs.LITERALS,
    "learning_rate": 5e-06,
    "num_train_epochs": 1,
    "compute_finetune": "gpu-cluster-big",
}
PROPERTIES = {"__azureml_ft_assistant_tokens": "24555"}


def test_a_live_run_of_the_recipe_is_compared_to_the_bit(
    reference: Reference, metrics: Metrics
) -> None:
    """Everything but the answers is accepted; without answers their two gates cannot tell."""
    conditions = dict(reference.conditions)

    found = judge("twin", "tiny", PARAMETERS, TRAIN, metrics, PROPERTIES, conditions=conditions)

    assert {v.gate for v in found.verdicts if v.outcome != "accepted"} == {"style", "rouge_gain"}
    assert overall(found.verdicts) == "cannot tell"
    assert found.verdicts[-1].what.startswith("repeats the reference's run of seed 42: 0 apart")
    assert told(found.verdicts).endswith("seed 42: 0 apart, allowed the same bits")
    elsewhere = judge("twin", "tiny", PARAMETERS, TRAIN, metrics, PROPERTIES, conditions={})
    assert told(elsewhere.verdicts).endswith("allowed at most 0.001 (other conditions)")


def test_another_learning_rate_is_another_kind(metrics: Metrics) -> None:
    """A plan that was changed is not compared, and the verdict says what differs."""
    other = {**PARAMETERS, "learning_rate": 1e-5}

    (verdict,) = judge("twin", "tiny", other, TRAIN, metrics, PROPERTIES).verdicts

    assert verdict.outcome == "cannot tell"
    assert '"learning_rate": "1e-05"' in verdict.what


def test_azure_without_a_reference_is_no_pass(metrics: Metrics) -> None:
    """The figures are kept all the same, so that a reference can be gathered."""
    found = judge("azure", "", PARAMETERS, TRAIN, metrics, {})

    assert [verdict.outcome for verdict in found.verdicts] == ["cannot tell"]
    assert told(found.verdicts).startswith("cannot tell; no reference for azure")


def test_a_count_that_is_no_number_is_not_known(metrics: Metrics) -> None:
    """The gate cannot tell; nobody's text ends step 8 in a traceback."""
    many = {"__azureml_ft_assistant_tokens": "many"}

    found = judge("twin", "tiny", PARAMETERS, TRAIN, metrics, many)

    assert found.facts.assistant_tokens is None
    assert "assistant_tokens" in {v.gate for v in found.verdicts if v.outcome == "cannot tell"}
    assert found.facts.eval_loss == metrics.eval_loss[-1][1]


def test_the_seed_is_the_parameters_or_the_components_default() -> None:
    """42 unless the plan or the model's defaults say otherwise; it is no part of the kind."""
    assert (seed_of({}), seed_of({"seed": "7"})) == (42, 7)
    one, other = (kind("twin", "tiny", {"seed": n}, TRAIN) for n in (1, 2))
    assert one == other


def test_numbers_have_one_spelling() -> None:
    """A tag's "5e-6", the plan's 5e-06 and "0.000005" are one rate."""
    kinds = [kind("twin", "tiny", {"rate": r}, TRAIN) for r in ("5e-6", 5e-06, "0.000005")]

    assert kinds[0] == kinds[1] == kinds[2] != kind("twin", "tiny", {"rate": "5e-5"}, TRAIN)


def test_held_out_prompts_are_asked_greedily() -> None:
    """Thirty first turns of test_sft in the recipe's request shape, without sampling."""
    sent: list[bytes] = []

    def send(request: bytes) -> str:
        sent.append(request)
        return "Certainly! Yes."

    said = ask(send, SAMPLE / "test_sft.jsonl")

    assert len(sent) == PROMPTS
    request = json.loads(sent[0])
    assert sent[0] == body(request["input_data"]["input_string"][0][0]["content"])
    assert request["input_data"]["parameters"] == {"do_sample": False, "max_new_tokens": 48}
    assert scored(said)["polite"] == PROMPTS


def test_conditions_are_asked_of_an_interpreter() -> None:
    """One without the twin's packages has none: {} and so nothing is compared to the bit."""
    assert conditions_of(Path(sys.executable), ROOT) == {}
