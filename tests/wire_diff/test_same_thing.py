"""What is one thing under two names: another spelling of a field, another hash of an upload."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.wire.differing import values
from harness.wire_diff.calls import Recording
from harness.wire_diff.compare import changes
from tests.wire_diff.planting import RECORDED, other


@pytest.mark.parametrize(
    ("former", "latter", "value"),
    [
        ("nodeIdle", "nodeIdleTime", None),
        ("nodeIdle", "nodeIdleTime", ""),
        ("nodeIdle", "nodeIdleTime", []),
        ("nodeIdle", "nodeIdleTime", {}),
        ("nodeIdle", "nodeIdleTime", 0),
        ("isEnabled", "isDisabled", False),
        ("isEnabled", "isDisabled", True),
    ],
)
def test_what_every_field_may_hold_makes_no_two_names_one(
    former: str, latter: str, value: Any
) -> None:
    """Names that are merely alike are one only where the value tells that they are."""
    kinds = {kind for kind, *_ in values({former: value}, {latter: value}, "body")}

    assert "field renamed" not in kinds
    assert [kind for kind, *_ in values({former: "PT2M"}, {latter: "PT2M"}, "body")] == [
        "field renamed"
    ]


@pytest.mark.parametrize("value", [None, "", [], {}, 0, False, "PT2M"])
@pytest.mark.parametrize("latter", ["node_idle_time", "node-idle-time", "NodeIdleTime"])
def test_another_spelling_of_the_same_name_is_one_whatever_it_holds(
    latter: str, value: Any
) -> None:
    """Case, dashes and underscores aside it is the same word."""
    (found,) = values({"nodeIdleTime": value}, {latter: value}, "body")

    assert found[0] == "field renamed"


def test_another_hash_of_uploads_is_told_by_its_length() -> None:
    """Releases hash what they upload differently; the calls are still known to be the same."""
    folder = ("store", "LocalUpload")

    def hashed(digits: int) -> Recording:
        path = (*folder, "a" * digits, "f")
        put = replace(other(RECORDED.calls[0], path=path), operation="blob.put")
        return replace(RECORDED, calls=(put,))

    (found,) = changes(hashed(32), hashed(64))

    assert (found.kind, found.before, found.after) == (
        "hash of uploads",
        "32 hex digits",
        "64 hex digits",
    )


def test_another_hash_in_a_body_is_told_as_one() -> None:
    """Where a body names an upload, the other hash is no other file."""

    def naming(digits: int) -> Recording:
        body = {"uri": f"azureml://paths/LocalUpload/{'a' * digits}/train.jsonl"}
        return replace(RECORDED, calls=(other(RECORDED.calls[0], body=body),))

    (found,) = changes(naming(32), naming(64))

    assert (found.kind, found.where) == ("hash of uploads", "body.uri")
