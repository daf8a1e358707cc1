"""Two runs in one workspace of a real twin, in any order: create, lose the answer, crash, sweep.

At rest nothing of ours is left, and nothing of others is gone.
"""

from __future__ import annotations

import copy
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from harness.janitor.arm_hands import ArmHands
from harness.janitor.delete import delete_all
from harness.janitor.ledger import Ledger, Place

BODIES: dict[str, Any] = {
    "endpoint": {"location": "eastus", "properties": {"authMode": "Key", "properties": {}}},
    "compute": {
        "location": "eastus",
        "properties": {
            "computeType": "AmlCompute",
            "properties": {
                "vmSize": "Standard_NC24ads_A100_v4",
                "scaleSettings": {"maxNodeCount": 1, "minNodeCount": 0},
            },
        },
    },
}


class TwoRuns(RuleBasedStateMachine):
    """What two runs, a stranger and a sweeper may do to each other."""

    place: ClassVar[Place]
    number: ClassVar[int] = 0
    run = st.integers(0, 1)
    kind = st.sampled_from(["endpoint", "compute"])

    @initialize()
    def begin(self) -> None:
        """A ledger for each run, and things of others that resemble ours."""
        TwoRuns.number += 1
        self.id = f"{TwoRuns.number}"
        self.folder = tempfile.TemporaryDirectory()
        self.hands = ArmHands(self.place)
        self.ledgers = [Ledger(Path(self.folder.name) / f"{n}.jsonl") for n in (0, 1)]
        for ledger in self.ledgers:
            ledger.describe(self.place)
        self.theirs = {("endpoint", f"e{self.id}-their"), ("compute", f"c{self.id}-found")}
        self.ours: set[tuple[str, str]] = set()
        self.kept: set[str] = set()
        self.count = 0
        for kind, name in self.theirs:
            self.put(kind, name)

    @rule(run=run, kind=kind)
    def create(self, run: int, kind: str) -> None:
        """The usual way: written down, sent, answered."""
        name = self.expected(run, kind)
        self.put(kind, name)
        self.ledgers[run].answered(kind, name)

    @rule(run=run)
    def create_what_is_to_be_kept(self, run: int) -> None:
        """A cluster with a node that never goes, in a plan that keeps clusters."""
        name = self.expected(run, "compute", keep=True)
        self.put("compute", name, nodes=1)
        self.ledgers[run].answered("compute", name)

    @rule(run=run, kind=kind)
    def create_without_an_answer(self, run: int, kind: str) -> None:
        """Written down and done, and nobody has seen the answer."""
        self.put(kind, self.expected(run, kind))

    @rule(run=run, kind=kind)
    def crash_before_the_create(self, run: int, kind: str) -> None:
        """Written down and never sent; long enough ago that it cannot be under way."""
        name = self.expected(run, kind)
        self.ledgers[run].answered(kind, name)

    @rule(run=run)
    def tear_the_ledger(self, run: int) -> None:
        """The process was killed in the middle of a line."""
        if self.ledgers[run].path.exists():
            with self.ledgers[run].path.open("a", encoding="utf-8") as file:
                file.write('{"event": "gone", "kind": "endpo')

    @rule()
    def others_delete_a_thing_of_ours(self) -> None:
        """Somebody tidied up by hand."""
        for kind, name in sorted(self.ours)[:1]:
            self.hands.delete(kind, name, 10)

    @rule(run=run)
    def clean_up(self, run: int) -> None:
        """One run ends, or a sweep goes through its ledger; the other goes on."""
        other = [e.name for e in self.ledgers[1 - run].open_entries() if e.answered]
        before = {name for kind in BODIES for name in self.hands.names(kind)}

        assert not delete_all(self.hands, self.ledgers[run], 30).leftovers
        after = {name for kind in BODIES for name in self.hands.names(kind)}
        assert {name for name in other if name in before} <= after
        assert self.ledgers[run].open_entries() == []

    def teardown(self) -> None:
        """At rest: all ledgers swept, by two sweepers after each other."""
        if not hasattr(self, "hands"):
            return
        for ledger in [*self.ledgers, *self.ledgers]:
            assert not delete_all(self.hands, ledger, 30).leftovers
        there = {(kind, name) for kind in BODIES for name in self.hands.names(kind)}
        self.folder.cleanup()
        assert not self.ours & there
        assert self.theirs <= there
        assert {name: self.hands.floor(name) for name in self.kept} == dict.fromkeys(self.kept, 0)

    def expected(self, run: int, kind: str, *, keep: bool = False) -> str:
        """A new name, written into the run's ledger."""
        self.count += 1
        name = f"{kind[0]}{self.id}-r{run}n{self.count}"
        self.ledgers[run].expect(kind, name, keep=keep)
        (self.kept.add(name) if keep else self.ours.add((kind, name)))
        return name

    def put(self, kind: str, name: str, nodes: int = 0) -> None:
        """What the recipe sends, without the SDK."""
        body = copy.deepcopy(BODIES[kind])
        if nodes:
            body["properties"]["properties"]["scaleSettings"]["minNodeCount"] = nodes
        answer = requests.put(
            self.hands._url(kind, name),
            json=body,
            headers={"Authorization": f"Bearer {self.hands._bearer()}"},
            timeout=30,
        )
        assert answer.status_code in (200, 201), answer.text


def test_at_rest_nothing_of_ours_is_left_and_nothing_of_others_gone(hands: ArmHands) -> None:
    """For any interleaving of two runs, a stranger and a sweeper."""
    TwoRuns.place = hands.place
    run_state_machine_as_test(
        TwoRuns,
        settings=settings(
            max_examples=8,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_token_leaves_for_another_host(hands: ArmHands) -> None:
    """An operation's address that leads elsewhere is refused before anything is sent."""
    with pytest.raises(Exception, match="no token is sent there"):
        hands._follow("https://evil.example/poll", time.monotonic() + 5)
