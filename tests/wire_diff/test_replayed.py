"""A replay under another release: differences are findings, each with its severity and release."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from harness.errors import CassetteError, MissError
from harness.wire.cassette import read
from harness.wire.entry import Entry
from harness.wire.message import Upload
from harness.wire.tape import Tape
from harness.wire_diff.change import Change
from harness.wire_diff.history import since
from harness.wire_diff.replayed import OtherRelease

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
STEPS = range(1, 10)
Asked = dict[str, Any]  # method, url, data, headers


def replayed(
    change: Callable[[list[Asked]], None], here: str = "1.20.0"
) -> tuple[OtherRelease, Tape]:
    """All that was recorded asked again, in order, with something changed."""
    other = OtherRelease({"azure-ai-ml": ("1.35.2", here)})
    tape = Tape([read(file) for file in sorted(SHIPPED.glob("*.json"))], lambda: STEPS, other)
    asked = [_asked(entry) for entry in tape.entries if not isinstance(entry.sent, Upload)]
    change(asked)
    for each in asked:
        tape.answer(requests.Request(**each).prepare())
    return other, tape


def _asked(entry: Entry) -> Asked:
    headers = entry.cassette.interactions[entry.number - 1].asked["request"]["headers"]
    return {"method": entry.method, "url": entry.uri, "data": entry.sent, "headers": headers}


def found(change: Callable[[list[Asked]], None]) -> list[Change]:
    """What is told of it; uploads are not asked again here, and each is told as gone."""
    other, tape = replayed(change)
    told = other.changes(tape, STEPS, with_tests=True)
    return [each for each in told if each.operation != "blob.put"]


def of_cluster(edit: Callable[[Asked], Any]) -> Callable[[list[Asked]], None]:
    """A change of the request that creates the cluster."""
    return lambda asked: edit(
        next(each for each in asked if each["method"] == "PUT" and "/computes/" in each["url"])
    )


def body(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Asked], None]:
    """A change of a request's body."""

    def change(asked: Asked) -> None:
        told = json.loads(asked["data"])
        edit(told["properties"]["properties"])
        asked["data"] = json.dumps(told)

    return change


def renamed(settings: dict[str, Any]) -> None:
    """A field in Python's spelling."""
    settings["vm_size"] = settings.pop("vmSize")


def old_version(asked: Asked) -> None:
    """The api-version of a release of three years ago."""
    asked["url"] = asked["url"].replace("2023-08-01-preview", "2022-10-01-preview")


def test_what_is_asked_as_recorded_is_no_finding() -> None:
    """Every request answered, none differs."""
    assert found(lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "kind", "severity", "says"),
    [
        (of_cluster(body(renamed)), "field renamed", "breaking", "vmSize -> vm_size"),
        (of_cluster(body(lambda s: s.pop("vmPriority"))), "field gone", "risky", "vmPriority"),
        (of_cluster(body(lambda s: s.update(vmSize=24))), "type changed", "breaking", "-> 24"),
        (of_cluster(old_version), "api-version", "risky", "-> 2022-10-01-preview"),
    ],
)
def test_a_request_that_differs_is_answered_and_told(
    change: Callable[[list[Asked]], None], kind: str, severity: str, says: str
) -> None:
    """One finding: operation, field by its path, both values, severity; and no miss."""
    (told,) = found(change)

    assert (told.operation, told.kind, told.severity) == ("compute.create", kind, severity)
    assert says in str(told)


def test_other_order_of_keys_is_no_finding() -> None:
    """The service reads the same."""

    def turned(asked: Asked) -> None:
        told = json.loads(asked["data"])
        asked["data"] = json.dumps(dict(reversed(told.items())))

    assert found(of_cluster(turned)) == []


def test_a_call_that_is_not_made_is_told() -> None:
    """Less is read; that is harmless, and the run stays green when it is all."""

    def without(asked: list[Asked]) -> None:
        asked.remove(next(each for each in asked if "/vmSizes" in each["url"]))

    (told,) = found(without)

    assert (told.kind, told.operation, told.severity) == ("read gone", "vm_size.list", "harmless")


def test_a_call_that_nothing_recorded_stands_for_is_a_miss_and_told() -> None:
    """What it would have been answered, nobody knows: the miss is the error, and a finding too."""
    other = OtherRelease({"azure-ai-ml": ("1.35.2", "1.36.0")})
    tape = Tape([read(SHIPPED / "3_cluster.json")], lambda: [3], other)
    url = tape.entries[0].uri.partition("/workspaces/")[0]

    with pytest.raises(MissError):
        tape.answer(requests.Request("GET", f"{url}/workspaces/twin-workspace/jobs/x").prepare())

    (told,) = other.changes(tape, [], with_tests=True)
    assert (told.kind, told.operation, told.severity) == ("read added", "job.get", "risky")
    tape.check_played([], with_tests=True)  # the miss has been told where it happened


def test_harmless_differences_leave_it_green() -> None:
    """And polls that were not needed are no difference at all."""

    def without(asked: list[Asked]) -> None:
        for each in [e for e in asked if "/vmSizes" in e["url"] or "OperationsStatus" in e["url"]]:
            asked.remove(each)

    other = OtherRelease({"azure-ai-ml": ("1.35.2", "1.20.0")})
    tape = Tape([read(SHIPPED / "3_cluster.json")], lambda: [3], other)
    asked = [_asked(entry) for entry in tape.entries]
    without(asked)
    for each in asked:
        tape.answer(requests.Request(**each).prepare())

    tape.check_played([3], with_tests=True)

    (told,) = other.changes(tape, [3], with_tests=True)
    assert told.operation == "vm_size.list"


def test_what_tests_ask_counts_only_when_they_all_ran() -> None:
    """A run of one test file does not ask what the others would."""
    other = OtherRelease({"azure-ai-ml": ("1.35.2", "1.20.0")})
    tape = Tape([read(SHIPPED / "3_cluster.json")], lambda: [3], other)
    for entry in tape.entries:
        if entry.operation == "vm_size.list":
            entry.by_test = True  # as if a test had asked, which did not run now
        else:
            tape.answer(requests.Request(**_asked(entry)).prepare())

    assert [c.operation for c in other.changes(tape, [3], with_tests=True)] == ["vm_size.list"]
    assert other.changes(tape, [3], with_tests=False) == []


@pytest.mark.parametrize(
    ("operation", "more"), [("compute.poll", []), ("usage.list", ["read added"])]
)
def test_a_poll_more_is_none_and_a_read_more_is_one(operation: str, more: list[str]) -> None:
    """Both have the answer they had; what would be another call in a recording is told as one."""
    other = OtherRelease({"azure-ai-ml": ("1.35.2", "1.20.0")})
    tape = Tape([read(SHIPPED / "3_cluster.json")], lambda: [3], other)
    for entry in tape.entries:
        tape.answer(requests.Request(**_asked(entry)).prepare())
    entry = next(entry for entry in tape.entries if entry.operation == operation)

    again = tape.answer(requests.Request(**_asked(entry)).prepare())

    assert again.status_code == 200
    found = other.changes(tape, [3], with_tests=True)
    assert [(change.kind, change.operation) for change in found] == [(k, operation) for k in more]


def test_the_run_ends_red_with_all_that_differs() -> None:
    """Each difference with reason and probable release, and the command that searches for it."""

    def older(asked: list[Asked]) -> None:
        of_cluster(body(lambda s: s["scaleSettings"].pop("nodeIdleTimeBeforeScaleDown")))(asked)
        of_cluster(old_version)(asked)

    _, tape = replayed(older)

    with pytest.raises(CassetteError) as error:
        tape.check_played(STEPS, with_tests=True)
    text = str(error.value)
    assert "azure-ai-ml 1.20.0 is installed, 1.35.2 was recorded, the requests differ:" in text
    assert 'nodeIdleTimeBeforeScaleDown: "PT2M" -> absent' in text
    assert "because the service falls back to its own default\n      probably since 1.30.0" in text
    assert "Next: python -m harness sdk bisect --good 1.35.2 --bad 1.20.0 -- " in text


def test_what_no_release_is_known_to_ask_may_be_the_recipe() -> None:
    """Both are named where both are possible; the release alone where the history has one."""

    def change(asked: list[Asked]) -> None:
        of_cluster(body(lambda s: s["scaleSettings"].pop("nodeIdleTimeBeforeScaleDown")))(asked)
        of_cluster(body(lambda s: s.update(vmPriority="LowPriority")))(asked)

    _, tape = replayed(change)

    with pytest.raises(CassetteError) as error:
        tape.check_played(STEPS, with_tests=True)
    who = dict(re.findall(r"body\S*\.(\w+): .+\n.+\n +((?:by|probably) .+)", str(error.value)))
    assert who == {
        "nodeIdleTimeBeforeScaleDown": "probably since 1.30.0",
        "vmPriority": "by azure-ai-ml or by the recipe: no release is known to ask this otherwise",
    }


def test_another_package_than_the_sdk_has_no_history() -> None:
    """Its recorded version is what to install; the SDK is named where both differ."""
    core = {"azure-core": ("1.41.0", "1.30.0")}
    change = Change("api-version", 3, "compute.create", "query api-version", "1", "2")
    alone, both = OtherRelease(core), OtherRelease({**core, "azure-ai-ml": ("1.35.2", "1.20.0")})

    assert alone.what == "azure-core 1.30.0 is installed, 1.41.0 was recorded, the requests differ"
    assert alone.next([change]) == "pip install azure-core==1.41.0"
    assert alone.by(change).startswith("by azure-core or by the recipe")
    assert both.what == "azure-ai-ml 1.20.0 is installed, 1.35.2 was recorded, the requests differ"
    assert both.next([change]).endswith("bisect --good 1.35.2 --bad 1.20.0 -- compute.create")
    assert both.next([]) == "pip install azure-core==1.41.0 azure-ai-ml==1.35.2"


@pytest.mark.parametrize(
    ("one", "two", "releases"),
    [("1.35.2", "1.26.5", "1.30.0"), ("1.26.5", "1.35.2", "1.30.0"), ("1.35.2", "1.30.0", "")],
)
def test_the_history_tells_the_release(one: str, two: str, releases: str) -> None:
    """In whichever direction, and only for releases between the two."""
    where = "body.properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown"
    change = Change("field gone", 3, "compute.create", where, '"PT2M"')

    assert since(change, one, two) == releases
