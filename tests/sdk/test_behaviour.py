"""How two releases behave otherwise: each planted difference has its severity, equal ones none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from harness.sdk.behaviour import behaved, differences
from harness.sdk.probes import PROBES
from harness.wire_diff.change import BEHAVIOUR


def gave(text: str = "", kind: str = "str", raised: tuple[str, ...] = (), sent: Any = None) -> Any:
    """What a probe wrote down."""
    return {"type": kind if not raised else "", "text": text, "raised": list(raised), "sent": sent}


def release(probe: Any = None, call: Any = None, warnings: tuple[str, ...] = ()) -> Any:
    """What a release wrote down of one probe and one name."""
    return {
        "probes": {"asked": probe or gave()},
        "signatures": {"azure.ai.ml:Input": call},
        "warnings": warnings,
    }


NOT_FOUND = ("ResourceNotFoundError", "HttpResponseError", "AzureError")


@pytest.mark.parametrize(
    ("before", "after", "kind", "severity"),
    [
        (
            release(gave("Failed")),
            release(gave("JobStatus.FAILED", "JobStatus")),
            "answer changed",
            "breaking",
        ),
        (
            release(gave("files came")),
            release(gave("gone", raised=NOT_FOUND)),
            "raises now",
            "breaking",
        ),
        (release(gave("no", raised=NOT_FOUND)), release(), "raises no more", "risky"),
        (
            release(gave("no", raised=NOT_FOUND)),
            release(gave("no", raised=NOT_FOUND[1:])),
            "exception escapes",
            "breaking",
        ),
        (
            release(gave("no", raised=NOT_FOUND[1:])),
            release(gave("no", raised=NOT_FOUND)),
            "exception narrowed",
            "harmless",
        ),
        (
            release(gave("no", raised=("MlException", "AzureError"))),
            release(gave("no", raised=("MlException",))),
            "exception escapes",
            "breaking",
        ),
        (
            release(gave("message_parameters", raised=NOT_FOUND)),
            release(gave("messageParameters", raised=NOT_FOUND)),
            "exception text",
            "harmless",
        ),
        (
            release(gave(sent={"defaults": {"deploymentName": "blue"}})),
            release(gave(sent={"defaults": {"deployment_name": "blue"}})),
            "sent under another name",
            "breaking",
        ),
        (
            release(gave(sent={"hash": "a"})),
            release(gave(sent={"hash": "b"})),
            "sent otherwise",
            "risky",
        ),
        (release(call={"path": "None"}), release(call=None), "name gone", "breaking"),
        (release(call=None), release(call={"path": "None"}), "name added", "harmless"),
        (release(call={"path": "None"}), release(call={}), "parameter gone", "breaking"),
        (release(call={}), release(call={"path": "None"}), "parameter added", "harmless"),
        (release(call={}), release(call={"path": "required"}), "required parameter", "breaking"),
        (
            release(call={"path": "None"}),
            release(call={"path": "required"}),
            "required parameter",
            "breaking",
        ),
        (
            release(call={"mode": "'mount'"}),
            release(call={"mode": "'download'"}),
            "default changed",
            "risky",
        ),
        (release(), release(warnings=("DeprecationWarning: x",)), "warning added", "harmless"),
        (release(warnings=("DeprecationWarning: x",)), release(), "warning gone", "harmless"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_difference_has_its_severity(
    before: Any, after: Any, kind: str, severity: str
) -> None:
    """One planted difference is one finding of that kind, as bad as that, with a reason."""
    found = differences(before, after)

    assert [(each.kind, each.severity) for each in found] == [(kind, severity)]
    assert found[0].why
    assert differences(before, before) == []


def test_a_renamed_field_names_both_spellings() -> None:
    """What shipped for two months: the name of a deployment in Python's spelling."""
    one = release(gave(sent={"defaults": {"deploymentName": "blue"}}))
    two = release(gave(sent={"defaults": {"deployment_name": "blue"}}))

    assert [str(each) for each in differences(one, two)] == [
        "sent under another name asked body.defaults: deploymentName -> deployment_name"
    ]


def test_a_message_that_only_goes_on_longer_shows_what_came() -> None:
    """The excerpts part where the shorter message ends."""
    short = "no such model; " * 8
    one = release(gave(short, raised=NOT_FOUND))
    two = release(gave(f"{short}use label=latest", raised=NOT_FOUND))

    (longer,), (shorter,) = differences(one, two), differences(two, one)

    assert "use label=latest" in longer.after
    assert "use label=latest" not in longer.before
    assert (shorter.before, shorter.after) == (longer.after, longer.before)


def test_the_order_of_keys_is_no_difference() -> None:
    """1.35 sends the keys of a body in another order, and says the same with it."""
    one = release(gave(sent={"a": 1, "b": 2}))
    two = release(gave(sent={"b": 2, "a": 1}))

    assert differences(one, two) == []


def test_a_probe_that_one_release_was_not_asked_is_left_out() -> None:
    """A recording of last week has no answer to a probe of today."""
    one, two = release(gave("a")), release(gave("b"))
    two["probes"] = {"newer": gave("b")}

    assert differences(one, two) == []


@pytest.mark.parametrize("kind", BEHAVIOUR)
def test_every_kind_says_why(kind: str) -> None:
    """No severity without a reason."""
    assert behaved(kind, "x").why


def test_the_page_lists_every_kind_under_its_severity() -> None:
    """docs/upgrading.md says of each kind how bad it is, and names every probe."""
    page = (Path(__file__).parents[2] / "docs" / "upgrading.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*\*(\w+)\*\* \| (.+) \|$", page, re.MULTILINE)
    told = {kind: severity for severity, kinds in rows for kind in kinds.split(", ")}

    assert told == {kind: severity for kind, (severity, _) in BEHAVIOUR.items()}
    assert [probe for probe in PROBES if f"`{probe}`" not in page] == []
