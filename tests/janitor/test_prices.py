"""Money: list prices by size, and estimates that start at the create and end with the thing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import PlanError, StepError
from harness.janitor.ledger import Entry, Ledger
from harness.janitor.prices import check_prices, prices
from harness.janitor.tags import expired, expiry
from harness.limits import check, within_limits
from harness.plan import Limits, Plan

A100 = "standard_nc24ads_a100_v4"  # sizes come in any case


def run(folder: Path, limits: Limits, age: float = 0.0) -> Any:
    """As much of a run as limits look at."""
    started = datetime.now(UTC) - timedelta(seconds=age)
    ledger = Ledger(folder / "ledger.jsonl")
    return SimpleNamespace(plan=Plan(limits=limits), started=started, ledger=ledger)


def test_an_hour_of_an_endpoint_and_a_job() -> None:
    """Metered from expected to ended; a cluster costs through its jobs alone."""
    entries = [
        Entry("endpoint", "e", size=A100, count=2, at=1000.0, ended=4600.0),
        Entry("job", "j", size=A100, count=1, at=1000.0),
        Entry("compute", "c", size=A100, count=2, at=1000.0),
    ]

    assert prices().spent(entries, now=2800.0) == pytest.approx(2 * 3.673 + 0.5 * 3.673)


def test_an_unknown_size_has_no_price() -> None:
    """None, rather than a made-up figure; and a limit in money refuses such a plan."""
    assert prices().per_day(Entry("endpoint", "e", size="Standard_X1", count=1)) is None
    limits, plan = Limits(money_usd=1.0), Plan()
    check_prices(Plan(limits=limits))
    odd = Plan(limits=limits, compute=type(plan.compute)(size="Standard_X1"))
    with pytest.raises(PlanError, match=r"Standard_X1 has none; add it to data/prices\.json"):
        check_prices(odd)


def test_a_run_stops_before_its_minutes_are_over(tmp_path: Path) -> None:
    """At nine tenths of the limit, and not before."""
    check(run(tmp_path, Limits(minutes=1), age=50))
    with pytest.raises(StepError, match=r"nine tenths of limits.minutes = 1 are used up"):
        check(run(tmp_path, Limits(minutes=1), age=55))


def test_a_wait_inside_a_step_ends_as_well(tmp_path: Path) -> None:
    """A step that waits for ever is stopped while it waits."""
    here = run(tmp_path, Limits(minutes=1))

    def cross_the_limit_and_wait() -> None:
        here.started -= timedelta(minutes=1)
        time.sleep(30)

    with pytest.raises(StepError, match=r"limits.minutes"), within_limits(here, 5):
        cross_the_limit_and_wait()


def test_deleting_is_never_stopped(tmp_path: Path) -> None:
    """Step 9 runs whatever the limits say."""
    with within_limits(run(tmp_path, Limits(minutes=1), age=500), 9):
        pass


@pytest.mark.parametrize(
    ("tags", "ours"),
    [
        ({"run": "1", "owner": "me", "DeleteAfter": "2026-01-01T00:00:00Z"}, True),
        ({"run": "1", "owner": "me", "DeleteAfter": "2099-01-01T00:00:00Z"}, False),
        ({"run": "1", "owner": "you", "DeleteAfter": "2026-01-01T00:00:00Z"}, False),
        ({"owner": "me", "DeleteAfter": "2026-01-01T00:00:00Z"}, False),
        ({"run": "1", "owner": "me", "DeleteAfter": "soon"}, False),
        ({"run": "1", "owner": "me", "DeleteAfter": "2026-01-01"}, False),
        ({"run": "1", "owner": "me"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_ours_and_expired_needs_all_three_tags(tags: dict[str, str] | None, ours: bool) -> None:
    """Anything unclear is not ours."""
    assert expired(tags, "me", datetime(2026, 6, 1, tzinfo=UTC)) is ours


def test_tags_derive_from_the_timestamp() -> None:
    """No clock, no machine, no user in them: a replay sends the same."""
    assert expiry("1234567890", 24) == "2009-02-14T23:31:30Z"
