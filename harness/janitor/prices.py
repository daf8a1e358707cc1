"""What things cost: a table of list prices in `data/prices.json`, and estimates made from it.

Estimates are about money at risk. They count list prices from the create on, so they come out
higher than a bill: a cluster's nodes are counted while its job runs, an endpoint's from its PUT.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import PlanError
from harness.janitor.kinds import KINDS

if TYPE_CHECKING:
    from harness.janitor.ledger import Entry
    from harness.plan import Plan

TABLE = Path(__file__).resolve().parents[2] / "data" / "prices.json"


@dataclass(frozen=True)
class Prices:
    """US dollars for one VM and hour, by size in lower case."""

    hourly: Mapping[str, float]
    source: str = "data/prices.json"

    def per_hour(self, entry: Entry) -> float | None:
        """Of all its VMs; None when the size has no price here."""
        price = self.hourly.get(entry.size.lower())
        return None if price is None else price * max(entry.count, 1)

    def per_day(self, entry: Entry) -> float | None:
        """What it costs if it is forgotten; a job, what the VMs it occupies do."""
        price = self.per_hour(entry)
        return None if price is None else round(price * 24, 2)

    def spent(self, entries: Iterable[Entry], now: float | None = None) -> float:
        """Dollars until now (epoch seconds) for all that is metered, gone or not."""
        until = time.time() if now is None else now
        metered = [entry for entry in entries if KINDS[entry.kind].metered]
        return sum(
            (self.per_hour(entry) or 0.0) * max((entry.ended or until) - entry.at, 0.0) / 3600
            for entry in metered
        )

    def rate(self, entries: Iterable[Entry]) -> float:
        """Dollars an hour that are being spent now."""
        return sum(
            self.per_hour(entry) or 0.0
            for entry in entries
            if KINDS[entry.kind].metered and not entry.ended
        )


def prices() -> Prices:
    """What this process counts with: the prices it was told to adopt, else the table."""
    return _adopted[-1] if _adopted else table()


def adopt(told: Prices | None) -> None:
    """Count with these prices from now on; None: with the table again."""
    _adopted[:] = [told] if told else []


_adopted: list[Prices] = []


@cache
def table(path: Path | None = None) -> Prices:
    """The table; HARNESS_PRICES names another file of the same form."""
    other = os.environ.get("HARNESS_PRICES")
    file = path or Path(other or TABLE)
    hourly = json.loads(file.read_text(encoding="utf-8"))["usd_per_hour"]
    source = f"HARNESS_PRICES={file.name}" if other and not path else "data/prices.json"
    return Prices({size.lower(): float(price) for size, price in hourly.items()}, source)


def check_prices(plan: Plan) -> None:
    """A limit in money needs prices. Raises PlanError naming each size without one."""
    if not plan.limits.money_usd:
        return
    known = prices().hourly
    missing = {"compute.size": plan.compute.size, "deployment.size": plan.deployment.size}
    problems = [
        f"limits.money_usd needs a price, and {key} = {size} has none; add it to data/prices.json"
        for key, size in missing.items()
        if size.lower() not in known
    ]
    if problems:
        raise PlanError(problems)
