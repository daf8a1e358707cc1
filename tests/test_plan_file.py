"""The plan: bad input ends with every problem named, before anything is created."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import PlanError
from harness.plan import SECTIONS
from harness.plan_file import read_plan

SHIPPED = Path(__file__).parents[1] / "scenarios" / "finetune_chat" / "plan.toml"


def plan_file(folder: Path, text: str) -> Path:
    """A plan file of that text."""
    file = folder / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("target", ["twin", "azure"])
def test_shipped_plan_is_valid(target: str) -> None:
    """The plan that ships needs no change to be read, on either target."""
    plan = read_plan(SHIPPED, target)

    assert target == plan.target
    assert "hub" if target == "azure" else plan.data.source == "sample"


def test_plan_is_frozen() -> None:
    """Nobody changes a plan after it was resolved."""
    plan = read_plan(SHIPPED, "twin")

    with pytest.raises(FrozenInstanceError):
        plan.compute.size = "other"  # type: ignore[misc]  # that is the claim


def test_all_problems_are_reported_together(tmp_path: Path) -> None:
    """One run of pytest tells all that is wrong, so that one edit mends it."""
    file = plan_file(
        tmp_path,
        '[compute]\nsise = "x"\nmax_instances = 0\n[data]\npercent = "5"\n[nope]\na = 1\n',
    )

    with pytest.raises(PlanError) as caught:
        read_plan(file, "twin")

    assert len(caught.value.problems) == 4
    text = str(caught.value)
    for part in ("compute.sise", "max_instances = 0", "data.percent", "[nope]", "nothing was"):
        assert part in text


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("compute.max_instances=0", "at least 1 and at most 100"),
        ("compute.max_instances=1.5", "must be a whole number"),
        ("compute.max_instances=true", "must be a whole number"),
        ("compute.tiers=[]", "must be one of Dedicated, LowPriority"),
        ('compute.tiers=["Spot"]', "must be one of Dedicated, LowPriority"),
        ("compute.name=gpu_cluster", "2-16 letters, digits and dashes"),
        ("compute.keep=yes", "must be true or false"),
        ("deployment.request_timeout_ms=180001", "at most 180000"),
        ("endpoint.prefix=this-is-far-too-long-a-prefix-", "32 with the timestamp"),
        ("endpoint.prefix=two--dashes-", "single dashes"),
        ("scoring.temperature=nan", "at least 0.0"),
        ("scoring.rounds=0", "at least 5"),
        ("twin.era=2031", "must be one of may-2024"),
        ("twin.era=next", "may-2024, feb-2025, today"),
        ("training.apply_lora=true", 'wants "true" or "false" as text'),
        ("training.learning_rate=nan", "must be text or a finite number"),
        ("compute.tiers=5", "must be a list of str"),
        ("compute.max_instances=2024-01-01", "must be a whole number"),
        ("compute", "section.key=value"),
        ("compute=1", "section.key=value"),
        ("compute.name", "section.key=value"),
        ("compute.=1", "section.key=value"),
        ("nowhere.key=1", "is not a section"),
        ("scorng.seed=1", "is not a section (did you mean scoring?)"),
        ("compute.sise=1", "compute.sise is unknown (did you mean size?)"),
        ("scoring.rounds=1", "plan.toml with --set scoring.rounds=1 has 1 problem(s)"),
    ],
)
def test_each_bad_value_says_what_would_do(setting: str, complaint: str) -> None:
    """Wrong type, out of range, unknown: each message holds the rule that was broken."""
    with pytest.raises(PlanError, match="problem") as caught:
        read_plan(SHIPPED, "twin", [setting])

    assert complaint in str(caught.value)


def test_settings_win_over_the_target_which_wins_over_the_file(tmp_path: Path) -> None:
    """--set beats [on.<target>], which beats the section."""
    file = plan_file(
        tmp_path,
        "[scoring]\nrounds = 10\nwarmup = 1\nseed = 1\n"
        "[on.twin.scoring]\nrounds = 20\nwarmup = 2\n",
    )

    scoring = read_plan(file, "twin", ["scoring.rounds=30"]).scoring

    assert (scoring.rounds, scoring.warmup, scoring.seed) == (30, 2, 1)


def test_parameters_of_the_component_are_taken_as_they_stand() -> None:
    """[training] and [optimization] hold whatever the component has inputs for."""
    plan = read_plan(SHIPPED, "twin", ["training.some_input=7"])

    assert plan.training["some_input"] == 7
    assert plan.optimization["apply_lora"] == "true"


def test_another_targets_values_are_not_taken(tmp_path: Path) -> None:
    """[on.azure] says nothing about the twin."""
    file = plan_file(tmp_path, '[on.azure.data]\nsource = "hub"\n')

    assert read_plan(file, "twin").data.source == "sample"


def test_equal_plans_have_equal_digests() -> None:
    """The digest tells whether two runs were to do the same."""
    same, other = read_plan(SHIPPED, "twin"), read_plan(SHIPPED, "twin", ["scoring.seed=1"])

    assert read_plan(SHIPPED, "twin").digest() == same.digest()
    assert other.digest() != same.digest()


@pytest.mark.parametrize(
    "text", ["on = 3\n", "[on]\ntwin = 5\n", "[on.twin]\nscoring = 5\n", "compute = 1\n"]
)
def test_a_value_where_a_section_belongs_is_a_problem(tmp_path: Path, text: str) -> None:
    """Whatever stands in the wrong place, the plan says so instead of falling over."""
    with pytest.raises(PlanError, match=r"stands where a \[section\] belongs"):
        read_plan(plan_file(tmp_path, text), "twin")


def test_text_need_not_be_quoted(tmp_path: Path) -> None:
    """Versions look like numbers; where text is wanted they are text."""
    plan = read_plan(SHIPPED, "twin", ["base_model.version=7", "finetune.version=0.0.51"])

    assert (plan.base_model.version, plan.finetune.version) == ("7", "0.0.51")


def test_missing_and_broken_files_say_so(tmp_path: Path) -> None:
    """No file and no TOML are problems of the plan, not tracebacks."""
    with pytest.raises(PlanError, match="--plan FILE"):
        read_plan(tmp_path / "absent.toml", "twin")
    with pytest.raises(PlanError, match="not TOML"):
        read_plan(plan_file(tmp_path, "[compute\n"), "twin")
    with pytest.raises(PlanError, match="cannot be read: Is a directory"):
        read_plan(tmp_path, "twin")


@given(
    section=st.sampled_from(sorted(SECTIONS)),
    key=st.text(st.characters(categories=["Ll"]), min_size=1, max_size=12),
    value=st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
)
def test_no_value_escapes_as_anything_but_a_plan_error(
    section: str, key: str, value: object
) -> None:
    """Whatever is typed behind --set, the plan is either valid or a PlanError."""
    with suppress(PlanError):
        read_plan(SHIPPED, "twin", [f"{section}.{key}={value}"])


def test_a_plan_may_lie_over_another(tmp_path: Path) -> None:
    """It says only what differs, key by key; what it claims is not for the run."""
    (tmp_path / "below.toml").write_text(
        "[scoring]\nrounds = 7\nwarmup = 2\n[on.twin.scoring]\nseed = 1\n"
    )
    file = plan_file(
        tmp_path, 'over = "below.toml"\n[scoring]\nwarmup = 0\n[claim]\nbreaks = "job"\n'
    )

    found = read_plan(file, "twin").scoring

    assert (found.rounds, found.warmup, found.seed) == (7, 0, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('over = "nowhere.toml"', "no such file"),
        ('over = "plan.toml"', "over = .* stands where a .section. belongs"),
        ("[claim]", "claim. is not a section"),
    ],
)
def test_it_lies_over_one_plan_only(tmp_path: Path, text: str, says: str) -> None:
    """That is there, is a whole plan, and claims nothing."""
    with pytest.raises(PlanError, match=says):
        read_plan(plan_file(tmp_path, text), "twin")
