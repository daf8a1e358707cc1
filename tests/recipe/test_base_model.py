"""What the registry says of a model, read whole or named as unreadable."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.recipe.base_model import _system_computes


@pytest.mark.parametrize("text", ["n/a", "", "{", "[" * 100_000, "[]"])
def test_computes_nobody_can_read_are_named(text: str) -> None:
    """The system metadata is any text, as the tags are: a line in `unreadable`, no traceback."""
    details = SimpleNamespace(system_metadata={"supportedComputes": text})
    unreadable: dict[str, str] = {}

    assert _system_computes(details, unreadable) == {}
    assert unreadable == {"supportedComputes": text}


@pytest.mark.parametrize("told", [{"finetuneComputes": ["A"]}, "{'finetuneComputes': ['A']}"])
def test_computes_as_text_or_as_they_are(told: object) -> None:
    """Both spellings are read; a registry without them has nothing unreadable."""
    unreadable: dict[str, str] = {}

    details = SimpleNamespace(system_metadata={"supportedComputes": told})
    assert _system_computes(details, unreadable) == {"finetuneComputes": ["A"]}
    assert _system_computes(SimpleNamespace(), unreadable) == {}
    assert unreadable == {}
