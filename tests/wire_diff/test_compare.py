"""The wire diff: each planted change is reported with its severity, and nothing else is."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire import differing
from harness.wire.cassette import written
from harness.wire.differing import values
from harness.wire_diff import compare
from harness.wire_diff.calls import Call, Recording, recording
from harness.wire_diff.change import REQUESTS, Change, told
from harness.wire_diff.compare import changes

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
RECORDED = recording(SHIPPED)
SETTINGS = ("properties", "properties")  # of a cluster, in the body of compute.create


def planted(change: Callable[[list[Call]], None]) -> list[Change]:
    """What is reported when the shipped recording is changed like that."""
    calls = list(RECORDED.calls)
    change(calls)
    return changes(RECORDED, replace(RECORDED, calls=tuple(calls)))


def other(call: Call, **parts: Any) -> Call:
    """The call with other parts."""
    return replace(call, parts=call.parts._replace(**parts))


def at(calls: list[Call], operation: str) -> int:
    """Where the first call of an operation stands."""
    return next(n for n, call in enumerate(calls) if call.operation == operation)


def edited(operation: str, edit: Callable[[dict[str, Any]], Any]) -> Callable[[list[Call]], None]:
    """Change the body of the first call of an operation."""

    def change(calls: list[Call]) -> None:
        number = at(calls, operation)
        body = json.loads(json.dumps(calls[number].parts.body))
        edit(body)
        calls[number] = other(calls[number], body=body)

    return change


def asked_with(**parts: Any) -> Callable[[list[Call]], None]:
    """Change other parts of the cluster's create."""

    def change(calls: list[Call]) -> None:
        number = at(calls, "compute.create")
        calls[number] = other(calls[number], **parts)

    return change


def settings(body: dict[str, Any]) -> dict[str, Any]:
    """The cluster's settings."""
    found: dict[str, Any] = body["properties"]["properties"]
    return found


def renamed(body: dict[str, Any]) -> None:
    """Spell a field as Python would, as a release of the SDK once did."""
    settings(body)["vm_size"] = settings(body).pop("vmSize")


@pytest.mark.parametrize(
    ("change", "kind", "severity", "where"),
    [
        (edited("compute.create", renamed), "field renamed", "breaking", "vmSize"),
        (
            edited("compute.create", lambda body: settings(body).pop("vmPriority")),
            "field gone",
            "risky",
            "body.properties.properties.vmPriority",
        ),
        (
            edited("compute.create", lambda body: settings(body).update(vmSize=24)),
            "type changed",
            "breaking",
            "body.properties.properties.vmSize",
        ),
        (
            edited("compute.create", lambda body: settings(body).update(vmSize="small")),
            "value changed",
            "risky",
            "body.properties.properties.vmSize",
        ),
        (
            edited("compute.create", lambda body: settings(body).update(isolated=True)),
            "field added",
            "risky",
            "body.properties.properties.isolated",
        ),
        (
            edited("compute.create", lambda body: settings(body).update(isolated=None)),
            "empty field added",
            "harmless",
            "body.properties.properties.isolated",
        ),
        (
            edited("compute.create", lambda body: settings(body).update(vmPriority=None)),
            "field gone",
            "risky",
            "body.properties.properties.vmPriority",
        ),
        (
            asked_with(query={"api-version": "2031-01-01"}),
            "api-version",
            "risky",
            "query api-version",
        ),
        (asked_with(method="POST"), "address changed", "breaking", "method"),
        (asked_with(host="management.example.com"), "address changed", "breaking", "host"),
        (asked_with(headers={}), "header changed", "risky", "header content-type"),
        (
            lambda calls: calls.pop(at(calls, "endpoint.delete")),
            "write gone",
            "breaking",
            "DELETE",
        ),
        (lambda calls: calls.pop(at(calls, "vm_size.list")), "read gone", "harmless", "vmSizes"),
        (
            lambda calls: calls.insert(3, replace(other(calls[3], path=("x",)), operation="x.get")),
            "read added",
            "risky",
            "GET .../x",
        ),
        (
            lambda calls: calls.insert(3, other(calls[3], method="POST", path=("x",))),
            "write added",
            "risky",
            "POST .../x",
        ),
    ],
)
def test_a_planted_change_is_reported_alone(
    change: Callable[[list[Call]], None], kind: str, severity: str, where: str
) -> None:
    """Kind and severity are right, the place is named, and no other change is seen."""
    (found,) = planted(change)

    assert (found.kind, found.severity) == (kind, severity)
    assert where in str(found)


def test_nothing_differs_from_itself() -> None:
    """The same recording twice: no change at all."""
    assert changes(RECORDED, recording(SHIPPED)) == []


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


@given(seed=st.randoms(use_true_random=False))
def test_order_of_keys_is_no_difference(seed: Any) -> None:
    """However the keys of a body come, the service reads the same."""

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            seed.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    calls = tuple(other(call, body=shuffled(call.parts.body)) for call in RECORDED.calls)

    assert changes(RECORDED, replace(RECORDED, calls=calls)) == []


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


def test_calls_about_different_resources_may_change_places() -> None:
    """Harmless; on one resource it is not, because the resource is in another state then."""

    def exchanged(one: str, two: str) -> list[Change]:
        def change(calls: list[Call]) -> None:
            first, second = at(calls, one), at(calls, two)
            calls[first], calls[second] = calls[second], calls[first]

        return planted(change)

    apart = exchanged("vm_size.list", "compute.get")
    same = exchanged("compute.get", "compute.create")

    assert {change.severity for change in apart} == {"harmless"}
    assert "order on a resource" in {change.kind for change in same}


def test_a_slower_poll_is_harmless() -> None:
    """Three times the interval is told, less is not."""

    def polled(seconds: float) -> Recording:
        calls = [replace(c, interval=seconds) for c in RECORDED.calls if c.interval][:1]
        assert calls
        return replace(RECORDED, calls=tuple(calls))

    (found,) = changes(polled(1.0), polled(3.5))

    assert (found.kind, found.severity) == ("poll interval", "harmless")
    assert changes(polled(1.0), polled(3.0)) == []


def test_a_change_is_told_with_its_places() -> None:
    """The same change of several calls stands once; behaviour has no place; the release if any."""
    api = Change("api-version", 3, "compute.get", "query api-version", "1", "2")
    again = replace(api, step=5, operation="job.get")
    raised = Change("raises now", where="probe", before="x", after="y")
    why = "the service may read and answer otherwise"

    assert list(told([api, again, api], "risky")) == [
        f"  compute.get (step 3), job.get (step 5)\n"
        f"      api-version query api-version: 1 -> 2\n      because {why}"
    ]
    assert list(told([api, raised], "breaking", lambda _: "1.30.0")) == [
        "  raises now probe: x -> y\n      because what worked ends in an exception\n"
        "      probably since 1.30.0"
    ]
    parts = list(told([api, again], "risky", lambda change: str(change.step)))
    assert [part.splitlines()[-1] for part in parts] == [
        "      probably since 3",
        "      probably since 5",
    ]


def test_one_poll_has_no_interval(tmp_path: Path) -> None:
    """An interval lies between two polls; of a fold it is the time by their number."""
    shutil.copytree(SHIPPED, tmp_path / "again")
    file = tmp_path / "again" / "3_cluster.json"
    cassette = json.loads(file.read_text())
    label = next(iter(cassette["provenance"]["folds"]))

    def interval(count: int) -> float | None:
        cassette["provenance"]["folds"][label] = {"count": count, "seconds": 6.0}
        file.write_text(written(cassette["provenance"], cassette["interactions"]))
        polls = [call for call in recording(tmp_path / "again").calls if call.step == 3]
        return next(call.interval for call in polls if call.operation == "compute.poll")

    assert interval(1) is None
    assert interval(4) == 1.5


def test_every_kind_has_a_reason() -> None:
    """What is reported can be explained, and what can be explained is reported."""
    modules = (Path(compare.__file__), Path(differing.__file__))
    source = "".join(module.read_text() for module in modules)

    assert all(why for _, why in REQUESTS.values())
    missing = {kind for kind in REQUESTS if kind not in source}
    composed = {"read added", "read gone", "write added", "write gone"}
    assert missing == composed | {"empty field added", "empty field gone"}


def test_the_page_lists_every_kind_under_its_severity() -> None:
    """docs/upgrading.md says of each kind how bad it is."""
    page = (SHIPPED.parents[1] / "docs" / "upgrading.md").read_text()
    rows = dict(re.findall(r"^\| (breaking|risky|harmless) \| (.+) \|$", page, re.MULTILINE))

    for severity, kinds in rows.items():
        assert kinds.split(", ") == [kind for kind in REQUESTS if REQUESTS[kind][0] == severity]
    assert len(rows) == 3
