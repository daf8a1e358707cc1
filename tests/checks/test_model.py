"""The base model: archived, retired, unreadable, or changed under the same version."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.checks.catalogue import judged
from harness.checks.facts import Input
from harness.checks.retirements import day_of
from harness.checks.seen import last_seen, seen
from harness.plan import Plan
from tests.checks.made import base_model, component, findings, names, plan


def test_the_model_of_may_2024_is_fine() -> None:
    """No finding where nothing is wrong."""
    assert findings("model") == []


@pytest.mark.parametrize(
    ("archived", "says"), [(True, "warning: model.archived"), (None, "cannot tell: model.archived")]
)
def test_an_archived_model(archived: bool | None, says: str) -> None:
    """Archived is said; so is an SDK that does not tell."""
    assert names(findings("model", base_model=base_model(archived=archived))) == [says]


def test_a_retired_model() -> None:
    """Fine-tuning of Phi-3-mini was retired on 2025-08-30."""
    assert findings("model", day=date(2025, 8, 29)) == []
    assert names(findings("model", day=date(2025, 8, 30))) == ["warning: model.retired"]


def test_a_tag_nobody_can_read() -> None:
    """It stops the run by name: half-read defaults would train something else."""
    (found,) = findings("model", base_model=base_model(unreadable={"model_specific_defaults": "{"}))

    assert (found.severity, found.check, found.blame) == ("error", "model.tags", "base model")
    assert "model_specific_defaults" in found.what


def test_tags_that_changed_in_place() -> None:
    """Same version, two more defaults and a list gone: each is a line of the difference."""
    before = seen(base_model(tags={"finetune_compute_allow_list": "['A']", "defaults": "{'a': 1}"}))
    now = base_model(tags={"defaults": "{'a': 1, 'learning_rate_min': 5e-07}"})

    (found,) = findings("drift", base_model=now, earlier=before)

    assert (found.severity, found.check, found.blame) == ("warning", "drift.model", "base model")
    assert "2 differences" in found.what
    assert found.evidence.splitlines() == [
        "~ defaults: {'a': 1} -> {'a': 1, 'learning_rate_min': 5e-07}",
        "- finetune_compute_allow_list: ['A']",
    ]


def test_a_component_that_changed() -> None:
    """An input that came, one whose choices changed, and the version."""
    before = seen(base_model())
    now = component(optim=Input("string", "adamw_torch", enum=("adamw_torch", "adafactor")))
    inputs = {**now.inputs, "trust_remote_code": Input("string", "false")}
    later = type(now)(now.name, "0.0.82", inputs, now.outputs)

    (found,) = findings("drift", base_model=base_model(component=later), earlier=before)

    assert found.check == "drift.component"
    assert [line.split(":")[0] for line in found.evidence.splitlines()] == [
        "~ is",
        "~ optim",
        "+ trust_remote_code",
    ]


def test_nothing_changed() -> None:
    """The same model and component again are no news."""
    assert findings("drift", earlier=seen(base_model())) == []


def keep(reports: Path, name: str, **changed: Any) -> None:
    """A run.json as far as it is compared."""
    told = {"target": "twin", "scenario": "chat", "outcome": "passed", "seen": {"of": name}}
    told["plan"] = {"twin": {"era": "may-2024"}}
    (reports / name).mkdir()
    (reports / name / "run.json").write_text(json.dumps(told | changed))


def test_compared_is_the_newest_green_run_of_the_same_target(tmp_path: Path) -> None:
    """Neither a red one, nor another target's or era's, nor this run itself, nor one cut off."""
    keep(tmp_path, "20260101-000000-chat-1")
    keep(tmp_path, "20260102-000000-chat-1")
    keep(tmp_path, "20260103-000000-chat-1", outcome="failed")
    keep(tmp_path, "20260104-000000-chat-1", target="azure")
    keep(tmp_path, "20260105-000000-other-1", scenario="other")
    keep(tmp_path, "20260106-000000-chat-1", seen={})
    keep(tmp_path, "20260106-000001-chat-1", plan={"twin": {"era": "today"}})
    (tmp_path / "20260107-000000-chat-1").mkdir()
    (tmp_path / "20260107-000000-chat-1" / "run.json").write_text("{")
    keep(tmp_path, "20260108-000000-chat-1")

    now = tmp_path / "20260108-000000-chat-1"

    assert last_seen(now, Plan(), "twin", "chat") == {"of": "20260102-000000-chat-1"}
    assert last_seen(now, Plan(), "cassette", "chat") is None


@pytest.mark.parametrize(
    ("era", "recorded", "day"),
    [
        ("may-2024", None, "2024-05-20"),
        ("feb-2025", "2026-11-22T17:00:00+00:00", "2025-02-15"),
        ("today", None, "2027-01-01"),
        (None, "2026-11-22T17:00:00+00:00", "2026-11-22"),
        (None, "", "2027-01-01"),
    ],
)
def test_the_day_is_that_of_who_answers(era: str | None, recorded: str | None, day: str) -> None:
    """A twin of 2024 retires nothing of 2025, and a recording is judged as of its day."""
    assert str(day_of(era, recorded, date(2027, 1, 1))) == day


def test_what_latest_means_is_noted() -> None:
    """An info with the version found, and the line that pins it; a pinned plan has none."""
    facts = {"base_model": base_model(), "day": date(2024, 5, 20)}

    said = judged("model", facts | {"plan": plan()})
    pinned = judged("model", facts | {"plan": plan("base_model.version=7")})

    assert [(each.severity, each.check) for each in said] == [("info", "model.pinned")]
    assert said[0].next == 'to pin: base_model.version = "7" in the plan or with --set'
    assert pinned == []
