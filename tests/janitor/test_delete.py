"""The engine: order, patience, fresh credentials, and never a thing that is not in the ledger.

The workspace here is a few lines that keep the `Hands` protocol; the same engine meets the twin,
through the SDK and through plain requests, in test_sweep.py, test_stateful.py and every scenario.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.janitor.delete import Leftover, delete_all, told, worth_another_try
from harness.janitor.ledger import Ledger, Place

HERE = Place("sub", "group", "workspace")


class RefusedError(Exception):
    """An answer with a status."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        super().__init__(f"HTTP {status}")


class Workspace:
    """What exists, what was asked, and which deletes are refused, each so many times."""

    place = HERE

    def __init__(self, *things: tuple[str, str]) -> None:
        self.things = set(things)
        self.refuse: dict[str, list[int]] = {}
        self.asked: list[tuple[str, str]] = []
        self.calls: Counter[str] = Counter()
        self.later: dict[tuple[str, str], float] = {}
        self.lagging = 0

    def present(self, kind: str, name: str) -> bool:
        """Also what appears only after a while."""
        if (kind, name) in self.later and time.monotonic() > self.later[kind, name]:
            self.things.add((kind, name))
        return (kind, name) in self.things

    def delete(self, kind: str, name: str, seconds: float) -> None:
        """Refuses first what it was told to refuse."""
        self.asked.append((kind, name))
        if self.refuse.get(name):
            raise RefusedError(self.refuse[name].pop(0))
        self.later.pop((kind, name), None)
        self.things.discard((kind, name))

    def names(self, kind: str) -> list[str]:
        """The list, which may lag behind."""
        if self.lagging:
            self.lagging -= 1
            return ["e"]
        return [name for found, name in self.things if found == kind]

    def renew(self) -> None:
        """Counted."""
        self.calls["renew"] += 1


def ledger_of(folder: Path, *things: tuple[str, str], answered: bool = True) -> Ledger:
    """A ledger that holds these open."""
    ledger = Ledger(folder / "ledger.jsonl")
    ledger.describe(HERE)
    for kind, name in things:
        ledger.expect(kind, name, "Standard_NC24ads_A100_v4", 1)
        if answered:
            ledger.answered(kind, name)
    return ledger


def test_clusters_go_after_endpoints_and_jobs(tmp_path: Path) -> None:
    """A cluster is deleted only when no job of ours can be using it."""
    things = [("compute", "c"), ("job", "j"), ("endpoint", "e")]
    workspace = Workspace(*things)

    done = delete_all(workspace, ledger_of(tmp_path, *things))

    assert workspace.asked[-1] == ("compute", "c")
    assert {kind for kind, _ in workspace.asked} == {"endpoint", "job", "compute"}
    assert len(done.deleted) == 3
    assert not done.leftovers


@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_what_time_heals_is_tried_again(tmp_path: Path, status: int) -> None:
    """A conflict while creating, a storm of 429, a broken service: asked until it works."""
    workspace = Workspace(("endpoint", "e"))
    workspace.refuse["e"] = [status, status]

    done = delete_all(workspace, ledger_of(tmp_path, ("endpoint", "e")), 30)

    assert not done.leftovers
    assert len(workspace.asked) == 3


def test_a_token_that_ran_out_is_renewed(tmp_path: Path) -> None:
    """401 asks for a fresh credential before the next try."""
    workspace = Workspace(("endpoint", "e"))
    workspace.refuse["e"] = [401]

    assert not delete_all(workspace, ledger_of(tmp_path, ("endpoint", "e")), 30).leftovers
    assert workspace.calls["renew"] == 1


def test_what_cannot_be_deleted_does_not_keep_the_rest(tmp_path: Path) -> None:
    """A refusal is not repeated; it is told with price, page and command, and the rest goes."""
    things = [("compute", "c"), ("endpoint", "e")]
    workspace = Workspace(*things)
    workspace.refuse["e"] = [403] * 9
    ledger = ledger_of(tmp_path, *things)

    (left,) = delete_all(workspace, ledger, 30).leftovers

    assert workspace.things == {("endpoint", "e")}
    assert workspace.asked.count(("endpoint", "e")) == 1
    assert left.usd_per_day == pytest.approx(88.15, abs=0.01)
    assert left.command.startswith("az ml online-endpoint delete --yes --name e --subscription sub")
    assert left.portal.startswith("https://ml.azure.com/endpoints/realtime/e")
    assert [entry.name for entry in ledger.open_entries()] == ["e"]


def test_patience_ends(tmp_path: Path) -> None:
    """A service that stays broken is given up after the patience, not later.

    The waits double from 0.3 s on: the fourth try comes after 2.1 s at the soonest, the seventh,
    which would work, after 18.9.
    """
    workspace = Workspace(("endpoint", "e"))
    workspace.refuse["e"] = [503] * 6

    assert delete_all(workspace, ledger_of(tmp_path, ("endpoint", "e")), 1.5).leftovers
    assert len(workspace.asked) <= 4


def test_no_patience_is_one_try(tmp_path: Path) -> None:
    """`limits.patience_seconds = 0`: asked once, then named."""
    workspace = Workspace(("endpoint", "e"))
    workspace.refuse["e"] = [503] * 9

    (left,) = delete_all(workspace, ledger_of(tmp_path, ("endpoint", "e")), 0).leftovers

    assert left.why == "RefusedError: HTTP 503"
    assert workspace.asked == [("endpoint", "e")]


def test_a_list_that_lags_is_waited_for(tmp_path: Path) -> None:
    """Gone is what neither a GET nor the list shows."""
    workspace = Workspace(("endpoint", "e"))
    workspace.lagging = 2

    assert not delete_all(workspace, ledger_of(tmp_path, ("endpoint", "e")), 30).leftovers
    assert workspace.lagging == 0


def test_a_create_nobody_answered_may_still_appear(tmp_path: Path) -> None:
    """It is not there at first and appears a second later: it is deleted all the same."""
    workspace = Workspace()
    workspace.later["endpoint", "e"] = time.monotonic() + 1

    done = delete_all(workspace, ledger_of(tmp_path, ("endpoint", "e"), answered=False), 30)

    assert not done.leftovers
    assert workspace.asked == [("endpoint", "e")]


def test_what_never_came_to_be_is_not_called_deleted(tmp_path: Path) -> None:
    """A create that was refused leaves a line in the ledger and nothing to delete."""
    ledger = _long_ago(ledger_of(tmp_path, ("compute", "c"), answered=False))

    done = delete_all(Workspace(), ledger, 0)

    assert not done.deleted
    assert [(each.kind, each.name) for each in done.absent] == [("compute", "c")]
    assert done.absent[0].proof == ("GET answers 404", "not in the list")
    assert not ledger.open_entries()


def test_a_job_that_nobody_met_may_have_ended(tmp_path: Path) -> None:
    """It stays in its list for ever and a GET does not tell: it is not called never there."""
    ledger = _long_ago(ledger_of(tmp_path, ("job", "j"), answered=False))

    done = delete_all(Workspace(), ledger, 0)

    assert [(each.name, each.proof) for each in done.deleted] == [("j", ("it ended",))]
    assert not done.absent


def test_what_is_seen_is_written_down_once(tmp_path: Path) -> None:
    """However often its delete is tried."""
    workspace = Workspace(("endpoint", "e"))
    workspace.refuse["e"] = [503, 503]
    ledger = _long_ago(ledger_of(tmp_path, ("endpoint", "e"), answered=False))

    assert delete_all(workspace, ledger, 30).deleted

    assert ledger.path.read_text(encoding="utf-8").count("answered") == 1


def test_what_was_seen_once_counts_as_deleted_when_it_is_gone(tmp_path: Path) -> None:
    """Nobody answered its create; one cleanup saw it and was refused, the next finds it gone."""
    workspace = Workspace(("endpoint", "e"))
    workspace.refuse["e"] = [403]
    ledger = _long_ago(ledger_of(tmp_path, ("endpoint", "e"), answered=False))
    assert delete_all(workspace, ledger, 0).leftovers
    workspace.things.clear()

    done = delete_all(workspace, ledger, 0)

    assert [each.name for each in done.deleted] == ["e"]
    assert not done.absent


def _long_ago(ledger: Ledger) -> Ledger:
    """The same, of an hour ago: what has not appeared by then does not."""
    lines = [json.loads(line) for line in ledger.path.read_text().splitlines()]
    old = [json.dumps(line | {"at": line["at"] - 3600}) + "\n" for line in lines]
    ledger.path.write_text("".join(old))
    return ledger


def test_what_is_not_in_the_ledger_stays(tmp_path: Path) -> None:
    """Nothing is asked about it, and nothing of another workspace either."""
    workspace = Workspace(("endpoint", "e"), ("endpoint", "theirs"), ("compute", "found"))
    ledger = ledger_of(tmp_path, ("endpoint", "e"))
    ledger.describe(Place("sub", "group", "elsewhere"))
    ledger.expect("compute", "found")

    delete_all(workspace, ledger)

    assert workspace.things == {("endpoint", "theirs"), ("compute", "found")}


def test_our_own_mistakes_are_not_repeated() -> None:
    """A TypeError is a bug, a broken connection is not."""
    assert not worth_another_try(TypeError())
    assert worth_another_try(ConnectionResetError())


def test_a_leftover_is_told_in_few_lines() -> None:
    """Azure's errors say the same three times over; once is enough."""
    why = "HttpResponseError: (Busy) Try later.\nCode: Busy\nMessage: Try later."

    text = told(Leftover("endpoint", "e", why, "az it", 88.15))

    assert text.splitlines() == [
        "  endpoint e (up to $88.15 a day): HttpResponseError: (Busy) Try later.",
        "    az it",
    ]
