"""Azure's retail prices, asked when Azure is: prices.azure.com needs neither account nor key.

Request and answer as documented in "Azure Retail Prices REST API overview" (Microsoft Learn).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.janitor.prices import Prices, prices

URL = "https://prices.azure.com/api/retail/prices"  # HARNESS_PRICES_URL names another
_SECONDS = 5.0  # for one answer: a price is worth no longer wait
_PAGES = 10
_CHEAPER = ("spot", "low priority")  # in a meter's name: not what a plan without them pays


def looked_up(sizes: Iterable[str], region: str) -> Prices:
    """The shipped table, with what the API answers for these sizes in that region instead.

    `source` says which it is, and why when the API could not be asked. Raises nothing.
    """
    shipped = prices()
    if "HARNESS_PRICES" in os.environ:
        return shipped
    try:
        found = {size.lower(): _hourly(size, region) for size in set(sizes)}
    except Exception as error:  # no network, no sense in the answer: the table will do
        return Prices(shipped.hourly, f"{shipped.source} (no prices online: {_short(error)})")
    known = {size: price for size, price in found.items() if price is not None}
    if not known:
        return Prices(shipped.hourly, f"{shipped.source} (none online for {region})")
    source = f"Azure retail prices, {region}, {datetime.now(UTC):%Y-%m-%d}"
    if others := ", ".join(sorted(found.keys() - known)):
        source += f" ({others}: none online, {shipped.source})"
    return Prices({**shipped.hourly, **known}, source)


def _hourly(size: str, region: str) -> float | None:
    """Dollars for one VM and hour, pay as you go, Linux; the dearest where there are several."""
    found = [float(item["retailPrice"]) for item in _items(size, region) if _plain(item)]
    return max(found, default=None)


def _items(size: str, region: str) -> Iterator[Mapping[str, Any]]:
    import requests

    url: str | None = os.environ.get("HARNESS_PRICES_URL", URL)
    asked: dict[str, str] | None = {
        "$filter": f"serviceName eq 'Virtual Machines' and armSkuName eq '{size}' "
        f"and armRegionName eq '{region}' and priceType eq 'Consumption'"
    }
    for _ in range(_PAGES):
        if not url:
            return
        answer = requests.get(url, params=asked, timeout=_SECONDS)
        answer.raise_for_status()
        body = answer.json()
        yield from body["Items"]
        url, asked = body.get("NextPageLink"), None  # the link holds the question


def _plain(item: Mapping[str, Any]) -> bool:
    """Whether that is the price of an ordinary Linux VM by the hour."""
    name = f"{item['skuName']} {item['meterName']}".lower()
    return (
        item["type"] == "Consumption"
        and item["unitOfMeasure"] == "1 Hour"
        and item["currencyCode"] == "USD"
        and "windows" not in item["productName"].lower()
        and not any(word in name for word in _CHEAPER)
    )


def _short(error: Exception) -> str:
    return type(error).__name__
