"""The innermost message is the one that says what broke."""

from __future__ import annotations

from typing import Any

import pytest

from harness.recipe.job_failure import innermost


@pytest.mark.parametrize(
    ("envelope", "message"),
    [
        ({"error": {"code": "UserError", "message": "outer"}}, "outer"),
        ({"error": {"message": "outer", "innerError": {"message": "inner"}}}, "inner"),
        ({"error": {"message": "outer", "inner_error": {"message": "inner"}}}, "inner"),
        ({"error": {"message": "o", "details": [{"message": "a"}, {"message": "b"}]}}, "b"),
        ({"error": {"message": "o", "details": None, "innerError": {"code": "x"}}}, "o"),
        ({"error": {"code": "UserError"}}, "no reason was given"),
        ({}, "no reason was given"),
    ],
)
def test_innermost(envelope: dict[str, Any], message: str) -> None:
    """Envelopes nest, in two spellings, and some levels say nothing."""
    assert innermost(envelope) == message
