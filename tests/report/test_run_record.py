"""`run.json` survives a round trip, is written whole or not at all, and says what is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.report.run_record import (
    ExchangeRecord,
    Finding,
    Latency,
    Leftover,
    RunRecord,
    RunRecordError,
    StepRecord,
    Training,
    Turn,
    from_json,
    read,
    validate,
    write,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("name", ["passed_run", "failed_run", "cassette_run", "hostile_run"])
def test_what_is_written_is_what_is_read(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A record read back equals the record written, hostile text included."""
    record = request.getfixturevalue(name)

    write(tmp_path / "run.json", record)

    assert record == read(tmp_path / "run.json")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    steps=st.lists(st.from_type(StepRecord), max_size=3).map(tuple),
    log=st.lists(st.from_type(ExchangeRecord), max_size=3).map(tuple),
    training=st.none() | st.from_type(Training),
    left=st.lists(st.from_type(Leftover), max_size=2).map(tuple),
    findings=st.lists(st.from_type(Finding), max_size=2).map(tuple),
)
def test_any_record_of_the_schema_survives(
    passed_run: RunRecord,
    tmp_path: Path,
    steps: tuple[StepRecord, ...],
    log: tuple[ExchangeRecord, ...],
    training: Training | None,
    left: tuple[Leftover, ...],
    findings: tuple[Finding, ...],
) -> None:
    """Whatever the schema allows, finite numbers given, comes back from disk as it was."""
    record = replace(
        passed_run,
        steps=steps,
        exchange_log=log,
        training=training,
        leftovers=left,
        findings=findings,
    )

    if any("not a finite number" in problem for problem in validate(record)):
        return
    write(tmp_path / "run.json", record)

    assert record == read(tmp_path / "run.json")


def test_a_diverged_loss_becomes_null_and_stays_readable(
    passed_run: RunRecord, tmp_path: Path
) -> None:
    """NaN is no JSON; the file stays strict JSON and the point is kept without a value."""
    training = Training(train_loss=((1.0, 5.0), (2.0, float("nan"))), train_fall=float("nan"))

    write(tmp_path / "run.json", replace(passed_run, training=training))
    back = read(tmp_path / "run.json")

    assert "NaN" not in (tmp_path / "run.json").read_text()
    assert back.training == Training(train_loss=((1.0, 5.0), (2.0, None)))


def test_a_write_that_fails_leaves_the_old_record(passed_run: RunRecord, tmp_path: Path) -> None:
    """Neither half a file nor a stray temporary one after a value that cannot be written."""
    path = tmp_path / "run.json"
    write(path, passed_run)
    circle: dict[str, object] = {}
    circle["again"] = circle

    with pytest.raises((ValueError, RecursionError)):
        write(path, replace(passed_run, plan={"section": circle}))

    assert passed_run == read(path)
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_reading_names_every_misfit_and_the_next_command(
    passed_run: RunRecord, tmp_path: Path
) -> None:
    """A misspelt key, a wrong type and a missing key are told together, each with its place."""
    value = asdict(passed_run)
    value["steps"][4]["status"] = "green"
    value["steps"][6]["secs"] = 1
    value["exchanges"] = "314"
    del value["conditions"]

    with pytest.raises(RunRecordError) as caught:
        from_json(value, tmp_path / "run.json")

    message = str(caught.value)
    assert "steps[4].status: 'green', expected passed or failed or skipped" in message
    assert "steps[6].secs: unknown key" in message
    assert "exchanges: '314', expected int" in message
    assert "conditions: missing" in message
    assert "make run" in message


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    """A truncated file is a `RunRecordError` naming the file, not a parser's traceback."""
    path = tmp_path / "run.json"
    path.write_text('{"run": ')

    with pytest.raises(RunRecordError, match=r"run\.json is not a run record.*\n.*not JSON"):
        read(path)


def test_truth_is_not_a_number(passed_run: RunRecord, tmp_path: Path) -> None:
    """`true` where a count belongs is refused, although a bool is an int in Python."""
    value = json.loads(json.dumps(asdict(passed_run))) | {"exchanges": True}

    with pytest.raises(RunRecordError, match="exchanges: True, expected int"):
        from_json(value, tmp_path / "run.json")


@pytest.mark.parametrize("name", ["passed_run", "failed_run", "cassette_run"])
def test_a_sound_record_has_no_problems(name: str, request: pytest.FixtureRequest) -> None:
    """The sample runs agree with themselves."""
    assert validate(request.getfixturevalue(name)) == []


def test_several_contradictions_are_told_together(passed_run: RunRecord) -> None:
    """A green run with a failed step, a leftover, a wrong p50 and a bad link: four lines."""
    assert passed_run.scoring is not None
    ms = passed_run.scoring.latency_ms
    record = replace(
        passed_run,
        steps=(*passed_run.steps[:8], replace(passed_run.steps[8], status="failed")),
        leftovers=(Leftover("endpoint", "e", "refused", ""),),
        scoring=replace(passed_run.scoring, latency_ms=replace(ms, p50=ms.p90 + 1)),
        links={"log": "https://example.org/log"},
    )

    problems = "\n".join(validate(record))

    assert "outcome: passed, although step 9 (delete) failed; 1 left behind" in problems
    assert "step 9 (delete): failed without an error" in problems
    assert "leftovers: endpoint e names no command" in problems
    assert "p50, p90, p99, max do not rise" in problems
    assert "links.log: 'https://example.org/log' is not a path below" in problems


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"started": "2026-07-22T06:00:00"}, "not an ISO time in UTC"),
        ({"seconds": -1.0}, "seconds: -1.0 is negative"),
        ({"schema": 2}, "schema: 2, this reader knows 1"),
        ({"steps": ()}, "expected 1 to 9 in order"),
        ({"exchanges": 3}, "but 314 are listed"),
        ({"plan_hash": ""}, "none of them may be empty"),
        ({"outcome": "failed"}, "nothing in the record says why"),
        ({"seconds": float("inf")}, "seconds: inf is not a finite number"),
        ({"target": "moon"}, "target: 'moon', expected twin or azure or cassette"),
    ],
)
def test_each_contradiction_has_its_words(
    passed_run: RunRecord, change: dict[str, object], problem: str
) -> None:
    """One thing wrong gives one line that names it."""
    assert problem in "\n".join(validate(replace(passed_run, **change)))  # type: ignore[arg-type]  # fields by name, of any type


@pytest.mark.parametrize("wrong", [{"seconds": -1.0}, {"exchanges": -1}])
def test_a_step_has_no_negative_figures(passed_run: RunRecord, wrong: dict[str, float]) -> None:
    """Either of the two is told."""
    steps = (replace(passed_run.steps[0], **wrong), *passed_run.steps[1:])  # type: ignore[arg-type]  # fields by name, of any type

    assert "negative seconds or exchanges" in "\n".join(validate(replace(passed_run, steps=steps)))


def test_a_run_may_take_no_time_and_a_series_may_have_two_points(passed_run: RunRecord) -> None:
    """Zero seconds are not negative, and two points already show a fall."""
    assert passed_run.training is not None
    training = replace(passed_run.training, train_loss=((1, 2.0), (2, 1.0)), train_fall=0.9)

    assert validate(replace(passed_run, seconds=0.0)) == []
    assert validate(replace(passed_run, training=training)) == [
        "training.train_fall: 0.900, but the series falls by 0.500"
    ]


def test_a_fall_that_the_series_does_not_show_is_a_problem(passed_run: RunRecord) -> None:
    """A claimed fall of the loss is checked against the points it was taken from."""
    assert passed_run.training is not None
    training = replace(passed_run.training, train_fall=0.9)

    assert validate(replace(passed_run, training=training)) == [
        "training.train_fall: 0.900, but the series falls by 0.367"
    ]


def test_a_skip_names_a_step_that_failed(failed_run: RunRecord) -> None:
    """A step skipped for a step that did not fail hides the cause, and is told."""
    steps = tuple(replace(s, needs="data") if s.n == 7 else s for s in failed_run.steps)

    assert validate(replace(failed_run, steps=steps)) == [
        "step 7 (deploy): skipped for 'data', which did not fail"
    ]


def test_samples_must_be_those_of_the_figures(passed_run: RunRecord) -> None:
    """n, and the range of the samples, belong to the samples kept."""
    assert passed_run.scoring is not None
    scoring = replace(
        passed_run.scoring,
        latency_ms=Latency(n=3, p50=1, p90=1, p99=1, mean=1, min=1, max=1),
        samples_ms=(1.0, 9.0),
        prompt=(Turn("user", "hello"),),
    )

    assert validate(replace(passed_run, scoring=scoring)) == [
        "scoring.latency_ms.n: 3, but 2 samples are kept",
        "scoring.samples_ms: a sample lies outside min to max",
    ]
