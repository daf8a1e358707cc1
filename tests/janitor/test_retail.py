"""Azure's own prices, from an answer of the documented shape; without an answer, the table."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.janitor.prices import adopt, prices, table
from harness.janitor.retail import looked_up
from harness.limits import adopt_prices
from harness.plan import Plan

SIZE = "Standard_NC24ads_A100_v4"


def item(price: float, **changes: Any) -> dict[str, Any]:
    """One meter, with the fields that "Azure Retail Prices REST API overview" shows."""
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": 0.0,
        "retailPrice": price,
        "unitPrice": price,
        "armRegionName": "westeurope",
        "location": "EU West",
        "meterName": "NC24ads A100 v4",
        "productName": "Virtual Machines NCads A100 v4 Series",
        "skuName": "NC24ads A100 v4",
        "serviceName": "Virtual Machines",
        "serviceFamily": "Compute",
        "unitOfMeasure": "1 Hour",
        "type": "Consumption",
        "isPrimaryMeterRegion": True,
        "armSkuName": SIZE,
    } | changes


PAGES = [
    [
        item(1.1, skuName="NC24ads A100 v4 Spot", meterName="NC24ads A100 v4 Spot"),
        item(9.9, productName="Virtual Machines NCads A100 v4 Series Windows"),
        item(0.2, type="DevTestConsumption"),
    ],
    [item(4.775), item(0.9, meterName="NC24ads A100 v4 Low Priority")],
]


class Api(BaseHTTPRequestHandler):
    """Two pages; every question is kept."""

    asked: ClassVar[list[str]] = []
    broken: ClassVar[bool] = False

    def do_GET(self) -> None:
        """The first page leads to the second."""
        query = parse_qs(urlsplit(self.path).query)
        Api.asked.append(query.get("$filter", [""])[0])
        page = int(query.get("$skip", ["0"])[0])
        found = PAGES[page] if f"'{SIZE}'" in Api.asked[-1] or page else []
        link = f"http://{self.headers['Host']}/?$skip=1" if found and not page else None
        body = {"BillingCurrency": "USD", "Items": found, "NextPageLink": link, "Count": len(found)}
        self.send_response(503 if Api.broken else 200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Api]]:
    """The API on this machine, and nothing adopted afterwards."""
    server = HTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("HARNESS_PRICES_URL", f"http://127.0.0.1:{server.server_port}/")
    Api.asked.clear()
    Api.broken = False
    yield Api
    server.shutdown()
    server.server_close()
    adopt(None)


def test_the_plain_price_of_all_pages_is_taken(api: type[Api]) -> None:
    """Neither spot, nor low priority, nor Windows, nor dev/test; and the region is asked for."""
    found = looked_up([SIZE], "westeurope")

    assert found.hourly[SIZE.lower()] == 4.775
    assert found.source.startswith("Azure retail prices, westeurope, 20")
    assert "armRegionName eq 'westeurope'" in api.asked[0]
    assert found.hourly["standard_nc6s_v3"] == table().hourly["standard_nc6s_v3"]


def test_without_an_answer_the_table_counts(api: type[Api]) -> None:
    """A broken service or a size it does not sell there: the shipped prices, and it says why."""
    unknown = looked_up(["Standard_X1"], "westeurope")
    api.broken = True
    broken = looked_up([SIZE], "westeurope")

    assert unknown.hourly == broken.hourly == table().hourly
    assert unknown.source == "data/prices.json (none online for westeurope)"
    assert broken.source == "data/prices.json (no prices online: HTTPError)"


def test_the_source_names_the_size_that_has_no_price_online(api: type[Api]) -> None:
    """One of two sizes found: that one is Azure's, the other the table's, and it says so."""
    found = looked_up([SIZE, "Standard_NC6s_v3"], "westeurope")

    assert found.hourly[SIZE.lower()] == 4.775
    assert found.hourly["standard_nc6s_v3"] == table().hourly["standard_nc6s_v3"]
    assert found.source.endswith(" (standard_nc6s_v3: none online, data/prices.json)")


@pytest.mark.parametrize(("target", "price"), [("azure", 4.775), ("twin", 3.673)])
def test_only_azure_is_asked_for_prices(api: type[Api], target: str, price: float) -> None:
    """A run on Azure counts with them from step 1 on; the twin costs what the table says."""
    run: Any = SimpleNamespace(target=SimpleNamespace(name=target), plan=Plan())

    source = adopt_prices(run, "westeurope")

    assert prices().hourly[SIZE.lower()] == price
    assert source == prices().source
    assert bool(api.asked) is (target == "azure")
