"""What releases need, told: to people, to machines, on a page, and where two differ."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from harness.sdk.fields import fields_of, recorded
from harness.sdk.minimum import differing, machine, page, people
from harness.sdk.needs import Need, Needs
from harness.sdk.releases import supported
from tests.sdk.named_fields import OBJECT, field


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


def test_the_shipped_recording_answers_what_its_release_needs() -> None:
    """Each field of data/sdk/needs.json stands in the cassettes, and all were looked at."""
    root = Path(__file__).parents[2]
    told = json.loads((root / "data" / "sdk" / "needs.json").read_text(encoding="utf-8"))
    needed = told[supported()[-1]]
    answered = {str(one) for one in fields_of(recorded(root / "cassettes" / "finetune_chat"))}

    assert not needed["not looked at"]
    assert [
        f"{operation} {path}"
        for operation, of_it in needed["operations"].items()
        for path in (*of_it["breaks"], *of_it["changes"])
        if f"{operation} {path}" not in answered
    ] == []
