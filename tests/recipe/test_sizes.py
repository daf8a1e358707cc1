"""VM sizes: in the list, or refused with the list."""

from __future__ import annotations

import pytest

from harness.errors import RefusedError
from harness.recipe.sizes import K80_SIZES, check_size

ALLOWED = ("Standard_NC24ads_A100_v4", "Standard_ND96asr_v4")


@pytest.mark.parametrize("size", ["Standard_NC24ads_A100_v4", "STANDARD_ND96ASR_V4"])
def test_case_does_not_matter(size: str) -> None:
    """Azure writes the same size in three spellings."""
    assert check_size(size, ALLOWED, use="fine-tuning", key="compute.size") is None


def test_refusal_says_what_to_change() -> None:
    """The message holds the plan's key and every size that would do."""
    with pytest.raises(RefusedError, match=r"set compute\.size .* to one of") as caught:
        check_size("Standard_ND40rs_v2", ALLOWED, use="fine-tuning", key="compute.size")

    assert all(size in str(caught.value) for size in ALLOWED)


@pytest.mark.parametrize("size", [name.upper() for name in K80_SIZES])
def test_k80_is_refused_without_a_list(size: str) -> None:
    """The recipe's deny list holds where the model publishes nothing."""
    with pytest.raises(RefusedError, match="K80"):
        check_size(size, None, use="fine-tuning", key="compute.size")


def test_a_missing_list_is_said_aloud() -> None:
    """A check that lost its source never passes in silence."""
    note = check_size("Standard_D2", None, use="inference", key="deployment.size")

    assert note is not None
    assert "cannot tell" in note
