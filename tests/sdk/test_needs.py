"""Which fields a release reads: what is left out is gone, and the search finds just those."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sdk.fields import ANY, EACH, Field, fields_of, recorded, without
from harness.sdk.minimum import differing, machine, page, people
from harness.sdk.needs import Need, Needs, search
from harness.sdk.trials import TooLateError, _found
from harness.wire.cassette import read

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
RECORDED = recorded(SHIPPED)
FIELDS = fields_of(RECORDED)


def field(text: str) -> Field:
    """`job.get body.a.b` as a field."""
    operation, _, path = text.partition(" ")
    return Field(operation, tuple(path.split(".")))


def said(_: str) -> None:
    """Progress that nobody reads."""


def reading(*read: str) -> Any:
    """A release that reads these fields: a trial ends otherwise when one of them is gone."""

    def trial(dropped: Sequence[Field]) -> str:
        gone = [each for each in map(field, read) if any(d.holds(each) for d in dropped)]
        return f"step 1 (connect): no {gone[0]}" if gone else ""

    return trial


def answers(folder: Path, operation: str) -> list[dict[str, Any]]:
    """What is recorded as answers of an operation, as a replay reads it."""
    return [
        interaction.answer()
        for file in sorted(folder.glob("*.json"))
        for interaction in read(file).interactions
        if interaction.asked["operation"] == operation
    ]


def test_fields_stand_once_and_after_what_holds_them() -> None:
    """Of every operation; items of a list and things held by name are one."""
    names = [str(each) for each in FIELDS]

    assert len(set(names)) == len(names) > 500
    assert "job.get body.properties.status" in names
    assert "vm_size.list body.value[*].name" in names
    assert (
        "registry_component.versions body.value[*].properties.componentSpec.inputs.*.type" in names
    )
    assert "compute.create header.azure-asyncoperation" in names
    assert names.index("job.get body.properties") < names.index("job.get body.properties.status")


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("workspace.get body.properties.discoveryUrl", "workspace.get"),
        (f"vm_size.list body.value.{EACH}.name", "vm_size.list"),
        ("compute.create header.azure-asyncoperation", "compute.create"),
        (
            f"registry_component.versions body.value.{EACH}.properties.componentSpec.inputs.{ANY}"
            ".type",
            "registry_component.versions",
        ),
    ],
)
def test_what_is_left_out_is_in_no_answer(tmp_path: Path, text: str, operation: str) -> None:
    """And all else is as it was: the same cassettes, with a seal that fits."""
    dropped = field(text)
    for name, content in without(RECORDED, [dropped]).items():
        (tmp_path / name).write_text(content)

    left = fields_of(recorded(tmp_path))

    assert dropped in FIELDS
    assert set(FIELDS) - set(left) == {dropped}
    assert len(answers(tmp_path, operation)) == len(answers(SHIPPED, operation)) > 0


def test_what_is_held_by_name_is_left_out_only_there(tmp_path: Path) -> None:
    """An answer of another shape keeps what it has under names, and the other way round."""
    things = {name: {"type": 1, "held": 1} for name in "abcde"}
    told = json.loads(json.dumps(RECORDED["3_cluster.json"]))
    bodies = [things, {"a": {"type": 2}, "id": 3}]
    asked = [entry for entry in told["interactions"] if entry["operation"] == "compute.get"]
    for entry, body in zip(asked, bodies, strict=False):
        entry["response"]["body"] = {"json": {"box": body}}

    def left(*dropped: str) -> list[Any]:
        text = without({"3_cluster.json": told}, [field(each) for each in dropped])
        (tmp_path / "3_cluster.json").write_text(text["3_cluster.json"])
        return [each["body"]["json"]["box"] for each in answers(tmp_path, "compute.get")[:2]]

    kept = {name: {"held": 1} for name in "abcde"}
    assert left("compute.get body.box.*.type") == [kept, bodies[1]]
    assert left("compute.get body.box.*") == [{}, bodies[1]]
    assert left("compute.get body.box.a.type") == [things, {"a": {}, "id": 3}]
    assert left("compute.get body.box.id", "compute.get body.box.a") == [things, {}]


def test_leaving_out_nothing_changes_nothing(tmp_path: Path) -> None:
    """The texts are those of the recording, references to equal answers written out."""
    for name, content in without(RECORDED, []).items():
        (tmp_path / name).write_text(content)

    assert answers(tmp_path, "compute.get") == [
        answer if "same_as" not in answer["body"] else {**answer, "body": told["body"]}
        for answer, told in zip(
            answers(SHIPPED, "compute.get"), answers(tmp_path, "compute.get"), strict=True
        )
    ]


OBJECT = ("a.x body.p", "a.x body.p.q", "a.x body.p.r", "a.x body.s", "b.y body.t", "b.y header.u")


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


def needs(release: str, *read: str, left: Collection[str] = ()) -> Needs:
    """What a release is known to read."""
    fields = tuple(field(text) for text in OBJECT)
    found = tuple(Need(field(text), text != "b.y body.t", "step 1: no") for text in read)
    return Needs(release, fields, found, 9, tuple(field(text) for text in left), "")


def test_two_releases_are_compared_where_both_were_looked_at() -> None:
    """What only one reads; a field that was not looked at under the other is no difference."""
    one = needs("1.0", "a.x body.s", "b.y body.t")
    two = needs("2.0", left=["b.y body.t", "b.y header.u"])

    assert differing([one, two]) == ["1.0 reads a.x body.s, 2.0 does not: step 1: no"]
    assert differing([one, one]) == ["they read the same fields"]
    assert differing([one]) == []


def test_a_group_is_told_as_such() -> None:
    """To people, machines and on a page; a release that reads one of it is no difference."""
    pair = Need(field("a.x body.s"), True, "step 1: no", (field("b.y body.t"),))
    one = replace(needs("1.0"), needed=(pair,))
    two = needs("2.0", "b.y body.t")

    told = json.loads(machine([one]))["1.0"]
    assert told["one of"] == [{"fields": ["a.x body.s", "b.y body.t"], "breaks": True}]
    assert told["operations"]["a.x"]["breaks"] == []
    assert "breaks one of a.x body.s, b.y body.t: step 1: no" in people([one])
    assert "One of these has to be there: **`a.x body.s`**, **`b.y body.t`**" in page([one], "now")
    assert differing([one, two]) == ["they read the same fields"]
    assert differing([one, needs("2.0")]) == [
        "1.0 reads one of a.x body.s, b.y body.t, 2.0 does not: step 1: no"
    ]


def test_it_is_told_to_people_machines_and_on_a_page() -> None:
    """Breaking apart from changing, by operation, with what was not looked at."""
    found = [needs("1.0", "a.x body.s", "b.y body.t"), needs("2.0", left=["b.y body.t"])]

    told = json.loads(machine(found))
    assert told["1.0"]["operations"]["a.x"] == {"of": 4, "breaks": ["body.s"], "changes": []}
    assert told["1.0"]["operations"]["b.y"]["changes"] == ["body.t"]
    assert "b.y" not in told["2.0"]["operations"]
    assert "breaks a.x body.s: step 1: no" in people(found)
    text = page(found, "2026-11-22")
    assert "| `a.x` | 4 | **`body.s`** |" in text
    assert "Not looked at, for want of time: `b.y`." in text
    assert "- 1.0 reads a.x body.s, 2.0 does not" in text
    assert "1 of 6 fields break the recipe, 1 change it.\n" in text
    assert text.count("Not looked at") == 1
    assert "## What differs" not in page(found[:1], "2026-11-22")


def test_what_differs_from_run_to_run_is_no_difference() -> None:
    """Seconds are not; a fact beside a step is."""
    step = {"n": 3, "facts": {"size": "x", "seconds waited when recorded": 2.0}}
    record = {"steps": [step], "findings": [], "training": None}
    later = {**record, "steps": [{"n": 3, "facts": {"size": "x", "seconds": 7}}]}
    other = {**record, "steps": [{"n": 3, "facts": {"size": "y"}}]}

    assert _found(record) == _found(later) != _found(other)
