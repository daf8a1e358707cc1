"""The ceilings of a run: minutes and money. It stops before one is crossed, and cleans up.

Each step before the deletion is watched by the system's alarm, once a second, so that a wait
inside the SDK ends as well. A tenth of every limit is kept for cleaning up.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from harness.errors import StepError
from harness.janitor.prices import adopt, prices

if TYPE_CHECKING:
    from harness.plan import Limits
    from harness.run import Run

RESERVE = 0.1  # the share of a limit that cleaning up may take
DELETE = 9  # the step that must not be stopped
_EVERY = 1.0  # seconds
_REST = "the rest is kept for cleaning up; what was created is deleted now"


def ceiling(limits: Limits) -> float:
    """Seconds after which a run that is still there hangs, and its watchdog ends it; 0: never."""
    return limits.minutes * 60.0 + limits.patience_seconds if limits.minutes else 0.0


def adopt_prices(run: Run, region: str) -> str:
    """On Azure, count with Azure's own prices of today where they can be had; whose they are."""
    if run.target.name == "azure":
        from harness.janitor.retail import looked_up

        adopt(looked_up({run.plan.compute.size, run.plan.deployment.size}, region))
    return prices().source


@contextmanager
def within_limits(run: Run, n: int) -> Iterator[None]:
    """Raise StepError in the block as soon as nine tenths of a limit of the plan are used up."""
    limits = run.plan.limits
    none = not limits.minutes and not limits.money_usd
    if none or n == DELETE or run.plan.target == "cassette":
        yield
        return
    check(run)
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can be interrupted; the next step is checked as it begins
        return
    before = signal.signal(signal.SIGALRM, _checking(run))
    signal.setitimer(signal.ITIMER_REAL, _EVERY, _EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check(run: Run) -> None:
    """Raises StepError naming the limit that is about to be crossed."""
    limits = run.plan.limits
    minutes = (time.time() - run.started.timestamp()) / 60
    if limits.minutes and minutes >= limits.minutes * (1 - RESERVE):
        raise StepError(
            f"stopped after {minutes:.1f} minutes: nine tenths of limits.minutes = "
            f"{limits.minutes} are used up, {_REST}. Next: set limits.minutes in the plan "
            "higher, or look at the slowest step in the report"
        )
    spent = prices().spent(run.ledger.entries()) if limits.money_usd else 0.0
    if limits.money_usd and spent >= limits.money_usd * (1 - RESERVE):
        raise StepError(
            f"stopped at about ${spent:,.4f}: nine tenths of limits.money_usd = "
            f"{limits.money_usd} are used up, {_REST}. Next: set limits.money_usd in the plan "
            "higher, or a cheaper compute.size or deployment.size"
        )


def _checking(run: Run) -> Callable[[int, FrameType | None], None]:
    """The alarm's handler; it goes off once, so that the step's own ending is not disturbed."""
    told = False

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if not told:
            try:
                check(run)
            except StepError:
                told = True
                raise

    return handler
