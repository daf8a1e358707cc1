"""The innermost message is the one that says what broke."""

from __future__ import annotations

import pytest

from harness.recipe.job_failure import innermost


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Exception : \n {plain words", "Exception : \n {plain words"),
        ('{"error": {"code": "UserError", "message": "outer"}}', "outer"),
        (
            'Exception : \n {"error": {"message": "outer", "innerError": {"message": "inner"}}} ',
            "inner",
        ),
        (
            '{"error": {"message": "outer", "details": [{"message": "a"}, {"message": "b"}]}}',
            "b",
        ),
        ("[1]", "[1]"),
    ],
)
def test_innermost(text: str, message: str) -> None:
    """Envelopes nest; text that is none stays as it is."""
    assert message == innermost(text)
