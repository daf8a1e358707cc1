"""What changed since the newest green run: tags change in place, under the same version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.checks.facts import BaseModel
from harness.checks.finding import Blame, Finding
from harness.checks.seen import difference, seen


def model(base_model: BaseModel, earlier: Mapping[str, Any] | None) -> Iterator[Finding]:
    """The model's tags are those of the last green run."""
    yield from _compared("model", "base model", base_model, earlier)


def component(base_model: BaseModel, earlier: Mapping[str, Any] | None) -> Iterator[Finding]:
    """The component's inputs and outputs are those of the last green run."""
    yield from _compared("component", "component", base_model, earlier)


def _compared(
    what: str, blame: Blame, base_model: BaseModel, earlier: Mapping[str, Any] | None
) -> Iterator[Finding]:
    now = seen(base_model)[what]
    if earlier is None or what not in earlier:
        yield Finding(
            "info",
            f"no earlier green run to compare the {what} with",
            now["is"],
            "no run.json beside this one's that is green and of this target",
            blame,
            "",
        )
        return
    if changes := list(difference(earlier[what], now)):
        yield Finding(
            "warning",
            f"{now['is']} is not what the last green run saw ({earlier[what]['is']}): "
            f"{len(changes)} differences",
            now["is"],
            "\n".join(changes),
            blame,
            "compare, then pin base_model.version and finetune.version in the plan or with --set",
        )
