"""The wire diff: each planted change is reported with its severity, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire_diff.calls import Call, Recording, recording
from harness.wire_diff.change import Change
from harness.wire_diff.compare import changes
from tests.wire_diff.planting import (
    RECORDED,
    SHIPPED,
    asked_with,
    at,
    edited,
    other,
    planted,
    renamed,
    settings,
)


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
