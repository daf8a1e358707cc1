"""The data, as far as the job and the question depend on it; every row is `harness data`'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.checks.facts import Split
from harness.checks.finding import Finding

# azureml-acft-contrib-hf-nlp 0.0.91: 10 rows at least after a fifth was cut off for validation
LEAST = 10
VALIDATION = 0.2
_LOOK = "check data.source and data.dataset in the plan or with --set"


def trained_rows(rows: int) -> int:
    """Rows left for training: without a validation file the component takes `train[:80%]`."""
    return round(rows * (1 - VALIDATION))


def rows(splits: Mapping[str, Split]) -> Iterator[Finding]:
    """Enough rows are left to train on once the component has taken a fifth to validate."""
    split = splits["train_sft"]
    if trained_rows(split.rows) < LEAST:
        yield Finding(
            "error",
            f"{split.name} has {split.rows} rows, of which {trained_rows(split.rows)} are left to "
            f"train on; the job needs {LEAST}",
            split.name,
            "the component takes the last fifth for validation and refuses fewer than 10",
            "data",
            _LOOK,
        )


def rules(notes: Sequence[str]) -> Iterator[Finding]:
    """Every row keeps the rules of the component; what it drops, or takes all the same, is said."""
    for note in notes:
        yield Finding(
            "warning",
            note,
            note.partition(":")[0],
            "the rules of docs/data.md",
            "data",
            "python -m harness data says which rows",
        )


def prompts(splits: Mapping[str, Split]) -> Iterator[Finding]:
    """There is something to ask: a row of test_gen that ends with a user's turn."""
    split = splits["test_gen"]
    if not split.prompts:
        yield Finding(
            "error",
            f"none of the {split.rows} rows of {split.name} ends with a user's turn, so there is "
            "nothing to ask",
            split.name,
            "the no-code MLflow image accepts nothing else",
            "data",
            _LOOK,
        )
