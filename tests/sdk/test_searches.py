"""A search over recordings that are there: releases recorded beforehand, no environment made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SdkError
from harness.sdk import command, packages, releases
from harness.sdk.bisect import bisect
from harness.sdk.diff import Compared, claims
from harness.sdk.history import history, written
from harness.sdk.look import Question
from harness.sdk.probes import PROBES
from harness.sdk.row import Row, write_row
from harness.wire_diff.change import Change
from tests.sdk.recordings import FINE, GREEN, other_size, recorded, without_sizes

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4")


def said(_: str) -> None:
    """Progress that nobody reads."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Five releases, of which those from 1.3 on differ."""
    monkeypatch.setattr(packages, "versions", lambda *_, **__: VERSIONS)

    def made(change: Callable[[dict[str, Any]], None], before: str = "") -> Path:
        for version in VERSIONS:
            recorded(tmp_path, f"{before}{version}", change if version >= "1.3" else None)
        return tmp_path

    return made


def test_an_operation_is_searched_and_both_requests_are_shown(home: Callable[..., Path]) -> None:
    """First and last release, what differs, the two requests whole, the command for the rest."""
    found = bisect(Question("1.0", "1.4", "compute.create"), said, home(other_size))

    assert (found.good, found.bad, found.tried) == ("1.2", "1.3", 4)
    assert found.evidence == (
        'value changed body.properties.properties.vmSize: "Standard_NC24ads_A100_v4" -> "small"',
    )
    former, latter = found.pair
    assert former.startswith("PUT https://management.azure.com/subscriptions/<subscription>/")
    assert "api-version=2023-08-01-preview\ncontent-type: application/json\n{" in former
    assert '"vmSize": "Standard_NC24ads_A100_v4"' in former
    assert latter == former.replace("Standard_NC24ads_A100_v4", "small")
    assert found.again == "python -m harness sdk diff 1.2 1.3"


def test_a_call_that_goes_is_searched(home: Callable[..., Path]) -> None:
    """It has a request on one side only; backwards it is the newer release that has it."""
    folder = home(without_sizes)

    found = bisect(Question("1.0", "1.4", "vm_size.list"), said, folder)
    back = bisect(Question("1.4", "1.0", "vm_size.list"), said, folder)

    assert (found.good, found.bad) == ("1.2", "1.3")
    assert found.pair[0].startswith("GET ")
    assert found.pair[1] == ""
    assert (back.good, back.bad, back.pair) == ("1.3", "1.2", found.pair[::-1])


def test_versions_of_another_package_are_searched_and_compared(
    home: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Under one release of the SDK: which version of azure-core changed what is asked."""
    folder = home(other_size, "1.35.2+azure-core==")
    asked = Question("1.0", "1.4", "compute.create", "azure-core", "1.35.2")
    words = ["--package", "azure-core", "--sdk", "1.35.2", "--home", str(folder)]

    found = bisect(asked, said, folder)
    code = command.main(["diff", "1.2", "1.3", *words])

    assert (found.package, found.good, found.bad) == ("azure-core", "1.2", "1.3")
    assert '"vmSize": "small"' in found.pair[1]
    assert found.again == "python -m harness sdk diff 1.2 1.3 --package azure-core --sdk 1.35.2"
    assert code == 1
    told = capsys.readouterr().out
    assert "azure-ai-ml 1.35.2+azure-core==1.2 (2026-01-01) -> 1.35.2+azure-core==1.3 (" in told
    assert 'body.properties.properties.vmSize: "Standard_NC24ads_A100_v4" -> "small"' in told


def test_a_release_with_another_package_installs_both() -> None:
    """What is known of the release holds for it as well; what is no version is refused."""
    both = releases.with_package(releases.named("1.20.0"), "azure-core", "1.30.0")

    assert both == "1.20.0+azure-core==1.30.0" == releases.named(both)
    assert {"azure-ai-ml==1.20.0", "azure-core==1.30.0"} < set(releases.fresh(both))
    assert releases.pins(both) == releases.pins("1.20.0") != ()
    with pytest.raises(SdkError, match="'oops' is no version of azure-core"):
        releases.with_package("1.20.0", "azure-core", "oops")
    with pytest.raises(SdkError, match="holds no package at a version"):
        releases.named("1.20.0+azure-core==1.30.0+azure")


def test_another_operation_does_not_differ(home: Callable[..., Path]) -> None:
    """What changes elsewhere is not what was asked for."""
    with pytest.raises(SdkError, match=r"job\.submit does not differ between 1\.0 and 1\.4"):
        bisect(Question("1.0", "1.4", "job.submit"), said, home(other_size))


def test_an_answer_is_searched(home: Callable[..., Path]) -> None:
    """A probe answered beside the run: what both gave."""
    found = bisect(Question("1.0", "1.4", "job_status"), said, home(other_size))

    assert (found.good, found.bad) == ("1.2", "1.3")
    assert [json.loads(text)["text"] for text in found.pair] == ["X", "JobStatus.X"]


def test_the_command_prints_the_pair(
    home: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """For people: which release, what, both requests, the command; JSON holds the same."""
    words = ["--good", "1.0", "--bad", "1.4", "--home", str(home(without_sizes)), "vm_size.list"]

    assert command.main(["bisect", *words]) == 0
    text = capsys.readouterr().out
    assert command.main(["bisect", "--json", *words]) == 0
    told = json.loads(capsys.readouterr().out)

    assert "vm_size.list changes in azure-ai-ml 1.3; 1.2 is the last before" in text
    assert "\n1.2:\n  GET https://management.azure.com/" in text
    assert "\n1.3:\n  no such request\n" in text
    assert "Again: python -m harness sdk diff 1.2 1.3" in text
    assert told["pair"][1] == ""


def test_the_history_is_made_of_recordings(home: Callable[..., Path]) -> None:
    """A step for each release after the first; of one recipe only."""
    folder = home(other_size)
    told = history(VERSIONS[::-1], folder)

    assert told["first"] == "1.0"
    assert [(step["release"], len(step["changes"])) for step in told["releases"]] == [
        ("1.1", 0),
        ("1.2", 0),
        ("1.3", 1),
        ("1.4", 0),
    ]
    assert json.loads(written(told)) == told
    write_row(folder, Row("1.2", "2026-01-01", FINE, ran=GREEN, recipe="another"))
    with pytest.raises(SdkError, match="more than one recipe"):
        history(VERSIONS[::-1], folder)
    with pytest.raises(SdkError, match=r"9\.9 was not recorded"):
        history(["1.0", "9.9"], folder)


def test_what_to_search_for_comes_worst_first() -> None:
    """Operations, probes and the import, each once; what is harmless, or no claim, is left out."""
    row = Row("1.0", "2026-01-01", FINE)
    wire = (
        Change("read gone", 2, "vm_size.list"),
        Change("api-version", 3, "compute.get", "query api-version", "1", "2"),
        Change("field renamed", 3, "compute.create", "body", "a", "b"),
        Change("api-version", 5, "compute.get", "query api-version", "1", "2"),
    )
    behaviour = (
        Change("import broken", where="in a fresh environment"),
        Change("sent otherwise", where="batch_endpoint_defaults body.x"),
        Change("parameter gone", where="azure.ai.ml:Input(path)"),
    )
    found = Compared(row, replace(row, version="1.1"), wire, behaviour, (), (9, 9))

    assert claims(found) == ["compute.create", "import", "compute.get", "batch_endpoint_defaults"]
    assert all(PROBES.get(c) or "." in c or c == "import" for c in claims(found))
