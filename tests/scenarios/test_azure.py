"""Target azure takes the same way as the others; the twin answers, as nobody here has Azure."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.janitor.ledger import Ledger
from harness.processes import is_running, read

from ..connect_proxy import ConnectProxy, connect_proxy
from .test_killed import wait_for

if TYPE_CHECKING:
    from ..whole_runs import WholeRuns

# what plan.toml holds for the twin alone; the hub is on the network
AS_ON_THE_TWIN = ("data.source=sample", "scoring.max_new_tokens=48")


@pytest.fixture
def proxy(ready: Path) -> Iterator[ConnectProxy]:
    """A company's proxy, the only way to what answers for Azure."""
    with connect_proxy(json.loads(ready.read_text())["proxy"]) as company:
        yield company


def test_all_nine_steps_pass_without_a_line_of_their_own(
    tmp_path: Path, whole_runs: WholeRuns, proxy: ConnectProxy
) -> None:
    """Credential, workspace, proxy and all else come from the shell, as a nightly run finds them.

    Everything but what is on this machine (the identity's endpoint) goes through that proxy.
    """
    ended = whole_runs.as_if_it_were_azure(tmp_path, AS_ON_THE_TWIN, proxy.url)

    assert ended.code == 0, ended.output
    assert ended.record is not None
    assert (ended.record.target, ended.record.leftovers) == ("azure", ())
    assert [step.status for step in ended.record.steps] == ["passed"] * 9
    assert ended.record.plan["data"]["source"] == "sample"
    assert {"management.azure.com", "prices.azure.com"} < set(proxy.tunnels)
    assert any(host.endswith(".inference.ml.azure.com") for host in proxy.tunnels)
    assert any(host.endswith(".blob.core.windows.net") for host in proxy.tunnels)
    assert proxy.others == []


def test_the_watchdog_of_a_killed_run_goes_through_the_same_proxy(
    tmp_path: Path, whole_runs: WholeRuns, proxy: ConnectProxy
) -> None:
    """It signs in and deletes where the run did: there is no other way to Azure."""
    whole_runs.begin_as_azure(tmp_path, AS_ON_THE_TWIN, proxy.url)
    wait_for(lambda: any(_open(tmp_path)), 120)
    watchdog = read(next(tmp_path.glob("2*/watchdog.pid")))
    whole_runs.warm.send_signal(signal.SIGKILL)
    ended = whole_runs.end(tmp_path)
    before = proxy.tunnels["management.azure.com"]

    wait_for(lambda: not is_running(watchdog), 120)

    log = next(tmp_path.glob("2*/watchdog.log")).read_text()
    assert ended.code == -signal.SIGKILL
    assert _open(tmp_path) == [], log
    assert "0 left" in log
    assert proxy.tunnels["management.azure.com"] > before
    assert proxy.others == []


def _open(reports: Path) -> list[str]:
    """Kinds that exist in the run's ledger, their create answered."""
    ledger = next(reports.glob("2*/ledger.jsonl"), None)
    return [each.kind for each in Ledger(ledger).open_entries() if each.answered] if ledger else []
