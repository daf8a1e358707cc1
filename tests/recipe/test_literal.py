"""Tags are read as data, in both spellings, and never run."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.recipe.literal import literal

PLAIN = st.recursive(
    st.one_of(
        st.booleans(),
        st.none(),
        st.integers(),
        st.text(),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), PLAIN))
def test_both_spellings_give_the_same_value(value: dict[str, object]) -> None:
    """What a first publication writes with str() and a later one as JSON reads the same."""
    assert value == literal(json.dumps(value))
    assert value == literal(repr(value))


@pytest.mark.parametrize("text", ["__import__('os').getcwd()", "{", "a b", "f'{1}'", "(" * 500])
def test_anything_else_is_refused(text: str) -> None:
    """Code, and text that is no literal, is a ValueError and is never run."""
    with pytest.raises(ValueError):  # noqa: PT011  # its own words are Python's
        literal(text)
