"""Which fields a release reads: the search finds just those, with few trials."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from harness.sdk.fields import Field
from harness.sdk.minimum import machine, page, people
from harness.sdk.needs import search
from harness.sdk.trials import TooLateError
from tests.sdk.named_fields import OBJECT, field


def said(_: str) -> None:
    """Progress that nobody reads."""


def reading(*read: str) -> Any:
    """A release that reads these fields: a trial ends otherwise when one of them is gone."""

    def trial(dropped: Sequence[Field]) -> str:
        gone = [each for each in map(field, read) if any(d.holds(each) for d in dropped)]
        return f"step 1 (connect): no {gone[0]}" if gone else ""

    return trial


@given(read=st.sets(st.sampled_from(OBJECT)))
def test_just_the_fields_that_are_read_are_found(read: set[str]) -> None:
    """Whichever they are; an object is needed when something in it is."""
    fields = [field(text) for text in OBJECT]

    found = search("1.0", fields, reading(*read), said)

    wanted = read | ({"a.x body.p"} if {"a.x body.p.q", "a.x body.p.r"} & read else set())
    assert {str(need.field) for need in found.needed} == wanted
    assert all(need.breaks for need in found.needed)
    assert found.left == ()


@given(read=st.sets(st.sampled_from(OBJECT)), guess=st.sets(st.sampled_from(OBJECT)))
def test_a_guess_changes_nothing_but_the_trials(read: set[str], guess: set[str]) -> None:
    """Right or wrong: what is found is the same."""
    fields = [field(text) for text in OBJECT]

    plain = search("1.0", fields, reading(*read), said)
    found = search("1.0", fields, reading(*read), said, [field(text) for text in guess])

    assert {need.field for need in found.needed} == {need.field for need in plain.needed}


def one_of(*groups: Collection[str]) -> Any:
    """A release that reads one field of each group: a trial ends otherwise when all are gone."""

    def trial(dropped: Sequence[Field]) -> str:
        for group in groups:
            if all(any(d.holds(field(each)) for d in dropped) for each in group):
                return f"step 1 (connect): none of {', '.join(sorted(group))}"
        return ""

    return trial


ALONE = (*(f"a.x body.{letter}" for letter in "abcdef"), "b.y body.g", "b.y body.h")


@given(groups=st.lists(st.sets(st.sampled_from(ALONE), min_size=1, max_size=3), max_size=3))
def test_one_of_several_is_a_need_of_its_own(groups: list[set[str]]) -> None:
    """What is kept for it makes do: all else is left out at once, across operations too."""
    trial = one_of(*groups)

    found = search("1.0", [field(text) for text in ALONE], trial, said)

    told = [{str(each) for each in need.group} for need in found.needed]
    assert all(group in groups for group in told)
    kept = {need.field for need in found.needed}
    assert not trial([each for each in found.fields if each not in kept])
    assert found.together == ""


def test_a_pair_is_told_whole() -> None:
    """Neither breaks alone, both do; in one operation, and over two."""
    fields = [field(text) for text in ALONE]

    (pair,) = search("1.0", fields, one_of(["a.x body.a", "a.x body.b"]), said).needed
    (over,) = search("1.0", fields, one_of(["a.x body.a", "b.y body.h"]), said).needed

    assert {str(each) for each in pair.group} == {"a.x body.a", "a.x body.b"}
    assert {str(each) for each in over.group} == {"a.x body.a", "b.y body.h"}
    assert pair.breaks


def test_a_pair_of_an_operation_is_told_before_time_is_over() -> None:
    """Each operation makes sure of itself; it is not left to the end, which may not come."""
    pair = one_of(["b.y body.g", "b.y body.h"])

    def trial(dropped: Sequence[Field]) -> str:
        if any(each.operation == "a.x" for each in dropped):
            raise TooLateError
        return str(pair(dropped))

    found = search("1.0", [field(text) for text in ALONE], trial, said)

    assert [[str(each) for each in need.group] for need in found.needed] == [
        ["b.y body.g", "b.y body.h"]
    ]
    assert found.together is None
    assert not found.complete
    assert "was not yet left out" in page([found], "2026-11-22")


def test_what_breaks_together_is_told_when_time_is_over() -> None:
    """All that is not read was left out at once, it broke, and no time was left to say why."""
    pair = one_of(["a.x body.a", "b.y body.g"])
    broken = list[str]()

    def trial(dropped: Sequence[Field]) -> str:
        if broken:
            raise TooLateError
        broken.extend(filter(None, [pair(dropped)]))
        return str(pair(dropped))

    found = search("1.0", [field(text) for text in ALONE], trial, said)

    assert (found.left, found.needed, found.complete) == ((), (), False)
    assert found.together == "step 1 (connect): none of a.x body.a, b.y body.g"
    assert f"left out at once: {found.together}" in people([found])
    assert "**Left out at once, what none needs alone breaks" in page([found], "2026-11-22")
    assert json.loads(machine([found]))["1.0"]["together"] == found.together


def test_whole_groups_are_tried_first() -> None:
    """Of an operation with a thousand fields that nobody reads, one trial is all."""
    fields = [Field("a.x", ("body", f"f{n}")) for n in range(1000)]

    assert search("1.0", fields, reading(), said).trials == 1
    assert search("1.0", fields, reading("a.x body.f7"), said).trials < 25


def test_what_time_does_not_suffice_for_is_told() -> None:
    """The operation that was begun counts as not looked at; the next command goes on."""
    tried = list[Sequence[Field]]()

    def trial(dropped: Sequence[Field]) -> str:
        if len(tried) == 2:
            raise TooLateError
        tried.append(dropped)
        return ""

    fields = [field(text) for text in ("a.x body.p", "b.y body.q", "c.z body.r", "d.w body.s")]
    told = list[str]()

    found = search("1.0", fields, trial, told.append)

    assert [str(each) for each in found.left] == ["c.z body.r", "d.w body.s"]
    assert "the same command goes on" in told[-1]
