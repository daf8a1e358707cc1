"""Trials: what was left out, replayed; kept, so that the next command goes on where one stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from harness.errors import SdkError
from harness.sdk.fields import Field, recorded
from harness.sdk.needs import needs
from harness.sdk.row import Import, Row, write_row
from harness.sdk.runs import Ran
from harness.sdk.trials import TooLateError, Trials, _found, judge
from harness.wire.cassette import read

SHIPPED = Path(__file__).parents[2] / "cassettes" / "finetune_chat"
RECORDED = recorded(SHIPPED)
STATUS = Field("compute.get", ("body", "properties", "provisioningState"))
ETAG = Field("blob.put", ("header", "etag"))
SIZE = Field("usage.list", ("body", "value"))


class Replays:
    """A release that needs the state of a cluster, and tells how much of a quota is left."""

    def __init__(self) -> None:
        self.count = 0
        self.killed = 0  # an exit code of its own, in place of what it found

    def run(self, asked: Sequence[str], _: Mapping[str, str], log: Path) -> int:
        """What a replay of these cassettes leaves behind: run.json, and its exit code."""
        self.count += 1
        given = dict(pairwise(asked))
        folder = Path(given["--cassettes"]) / "finetune_chat"
        clusters = [told for told in self._bodies(folder, "compute.get") if "properties" in told]
        state = all("provisioningState" in told["properties"] for told in clusters)
        (usages,) = self._bodies(folder, "usage.list")
        facts = {"usages": len(usages.get("value", [])), "seconds": self.count}
        error = None if state else "KeyError:\n \x1b[31mprovisioningState[0m\nNext: look"
        step = {"n": 3, "name": "cluster", "facts": facts, "error": error}
        record = {"steps": [step], "findings": [], "training": None}
        file = Path(given["--reports"]) / "latest" / "run.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(record))
        log.write_text("")
        return self.killed or int(not state)

    def _bodies(self, folder: Path, operation: str) -> list[dict[str, Any]]:
        told = [i for file in sorted(folder.glob("*.json")) for i in read(file).interactions]
        found = [i for i in told if i.asked["operation"] == operation]
        return [i.answer()["body"].get("json") or {} for i in found]


def trials(
    folder: Path, replays: Replays, told: Any = RECORDED, seconds: float = 60, judge: str = "one"
) -> Trials:
    """Ready to try."""
    until = time.monotonic() + seconds
    made = Trials(told, folder, replays, until, judge)  # type: ignore[arg-type]  # runs, as far as asked
    made.check("1.0")
    return made


def test_a_trial_tells_how_it_ends(tmp_path: Path) -> None:
    """Empty when as ever; else the step and its error, or what a green run finds otherwise."""
    tried = trials(tmp_path, Replays())

    assert tried([ETAG]) == ""
    assert tried([STATUS]) == "step 3 (cluster): KeyError: provisioningState"
    assert tried([SIZE]) == "finds otherwise: step 3 usages"
    assert tried([SIZE, STATUS]).startswith("step 3")


def test_what_was_tried_is_known(tmp_path: Path) -> None:
    """Also when time is over; of another recording nothing is."""
    first, later = Replays(), Replays()
    tried = trials(tmp_path, first)
    ended = [tried([ETAG]), tried([STATUS])]

    again = trials(tmp_path, later, seconds=-1)

    assert [again([ETAG]), again([STATUS])] == ended
    assert (first.count, later.count) == (3, 1)  # the whole one is always replayed
    with pytest.raises(TooLateError):
        again([SIZE])
    other = {name: told for name, told in RECORDED.items() if name != "9_cleanup.json"}
    with pytest.raises(TooLateError):
        trials(tmp_path, later, other, seconds=-1)([ETAG])


def test_what_others_judged_is_not_known(tmp_path: Path) -> None:
    """Another recipe, or another package of the environment, may end otherwise."""
    trials(tmp_path, Replays())([ETAG])

    with pytest.raises(TooLateError):
        trials(tmp_path, Replays(), seconds=-1, judge="two")([ETAG])


def test_the_judge_is_recipe_scenario_and_packages() -> None:
    """A package at another version is another judge; the same ones are the same."""
    one = judge(["azure-core==1.38.0"])

    assert one == judge(["azure-core==1.38.0"]) != judge(["azure-core==1.41.0"])


@pytest.mark.parametrize("code", [-9, 2, 3, 4, 70])
def test_a_trial_that_did_not_end_is_no_need(tmp_path: Path, code: int) -> None:
    """Killed, interrupted, or no run at all: it is told, and tried again the next time."""
    replays = Replays()
    tried = trials(tmp_path, replays)
    replays.killed = code

    with pytest.raises(SdkError, match=rf"exit code {code}(.|\n)*Next: "):
        tried([ETAG])

    assert trials(tmp_path, Replays())([ETAG]) == ""


@pytest.mark.parametrize("text", ["", '{"recording": "x", "tri', "[]"])
def test_half_a_file_is_nothing_known(tmp_path: Path, text: str) -> None:
    """As an earlier version left it when it was interrupted; what is kept now is kept whole."""
    (tmp_path / "trials.json").write_text(text)

    assert trials(tmp_path, Replays())([ETAG]) == ""
    assert json.loads((tmp_path / "trials.json").read_text())["trials"]


def test_an_interrupted_write_leaves_what_was_kept(tmp_path: Path) -> None:
    """It is written beside, and put in place whole: a draft that cannot be is no loss."""
    tried = trials(tmp_path, Replays())
    tried([ETAG])
    (tmp_path / ".trials.json").mkdir()  # so that the draft cannot be written

    with pytest.raises(IsADirectoryError):
        tried([STATUS])

    assert len(json.loads((tmp_path / "trials.json").read_text())["trials"]) == 1


def test_a_recording_that_does_not_replay_is_refused(tmp_path: Path) -> None:
    """Nothing can be learnt by leaving fields out of it; it has to be recorded again."""
    told = json.loads(json.dumps(RECORDED))
    for entry in told["3_cluster.json"]["interactions"]:
        body = entry["response"]["body"].get("json") or {}
        if entry["operation"] == "compute.get" and "properties" in body:
            body["properties"].pop("provisioningState")
    told = {name: one for name, one in told.items() if name != "9_cleanup.json"}

    with pytest.raises(SdkError, match=r"does not replay: step 3(.|\n)*--again --releases 1\.0"):
        trials(tmp_path, Replays(), told)


@pytest.mark.parametrize("ran", [None, Ran("failed", 3, 9.0, "step 1: no", "", ())])
def test_a_release_that_does_not_pass_is_refused(tmp_path: Path, ran: Ran | None) -> None:
    """Before anything is made."""
    write_row(tmp_path, Row("1.0", "2026-01-01", Import("", 1.0, (), "", 1.0, ()), ran=ran))

    with pytest.raises(SdkError, match=r"does not pass under 1\.0(.|\n)*--again --releases 1\.0"):
        needs("1.0", lambda _: None, tmp_path)


def test_what_differs_from_run_to_run_is_no_difference() -> None:
    """Seconds are not; a fact beside a step is."""
    step = {"n": 3, "facts": {"size": "x", "seconds waited when recorded": 2.0}}
    record = {"steps": [step], "findings": [], "training": None}
    later = {**record, "steps": [{"n": 3, "facts": {"size": "x", "seconds": 7}}]}
    other = {**record, "steps": [{"n": 3, "facts": {"size": "y"}}]}

    assert _found(record) == _found(later) != _found(other)
