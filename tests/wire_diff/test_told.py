"""How a change is told: with its places, its severity, the reason, and who brought it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from harness.wire import differing
from harness.wire_diff import compare
from harness.wire_diff.change import REQUESTS, Change, told
from tests.wire_diff.planting import SHIPPED


def test_a_change_is_told_with_its_places() -> None:
    """The same change of several calls stands once; behaviour has no place; who brought it."""
    api = Change("api-version", 3, "compute.get", "query api-version", "1", "2")
    again = replace(api, step=5, operation="job.get")
    raised = Change("raises now", where="probe", before="x", after="y")
    why = "the service may read and answer otherwise"

    assert list(told([api, again, api], "risky")) == [
        f"  compute.get (step 3), job.get (step 5)\n"
        f"      api-version query api-version: 1 -> 2\n      because {why}"
    ]
    assert list(told([api, raised], "breaking", lambda _: "probably since 1.30.0")) == [
        "  raises now probe: x -> y\n      because what worked ends in an exception\n"
        "      probably since 1.30.0"
    ]
    parts = list(told([api, again], "risky", lambda change: f"by {change.step}"))
    assert [part.splitlines()[-1] for part in parts] == ["      by 3", "      by 5"]


def test_every_kind_has_a_reason() -> None:
    """What is reported can be explained, and what can be explained is reported."""
    modules = (Path(compare.__file__), Path(differing.__file__))
    source = "".join(module.read_text() for module in modules)

    assert all(why for _, why in REQUESTS.values())
    missing = {kind for kind in REQUESTS if kind not in source}
    composed = {"read added", "read gone", "write added", "write gone"}
    assert missing == composed | {"empty field added", "empty field gone"}


def test_the_page_lists_every_kind_under_its_severity() -> None:
    """docs/upgrading.md says of each kind how bad it is."""
    page = (SHIPPED.parents[1] / "docs" / "upgrading.md").read_text()
    rows = dict(re.findall(r"^\| (breaking|risky|harmless) \| (.+) \|$", page, re.MULTILINE))

    for severity, kinds in rows.items():
        assert kinds.split(", ") == [kind for kind in REQUESTS if REQUESTS[kind][0] == severity]
    assert len(rows) == 3
