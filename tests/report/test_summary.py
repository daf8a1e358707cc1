"""The summary fits a CI page, the closing line fits a terminal, and both tell the truth."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from shlex import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LeftoverError
from harness.janitor import delete
from harness.report.markup import clean
from harness.report.run_record import Absent, Counts, Finding, Leftover, RunRecord
from harness.report.summary import LINES, closing_line, summary
from harness.report.units import duration, first_line, short
from harness.report.verdict import GROUNDS, cost_words, verdict


@pytest.mark.parametrize("name", ["passed_run", "failed_run", "cassette_run", "hostile_run"])
def test_a_summary_has_nine_rows_and_fits(name: str, request: pytest.FixtureRequest) -> None:
    """Never more than 25 lines, always nine step rows of five cells."""
    text = summary(request.getfixturevalue(name))
    rows = [line for line in text.splitlines() if re.match(r"\| \d", line)]

    assert len(text.splitlines()) <= LINES
    assert len(rows) == 9
    assert {6} == {len(re.findall(r"(?<!\\)\|", row)) for row in rows}


def test_many_leftovers_are_counted_when_they_do_not_fit(failed_run: RunRecord) -> None:
    """What does not fit into 25 lines is at least counted; what to type is above all of it."""
    many = tuple(Leftover("endpoint", f"e{n}", "refused", f"delete e{n}") for n in range(40))

    text = summary(replace(failed_run, leftovers=many))

    assert len(text.splitlines()) == LINES
    assert "more, see the report" in text.splitlines()[-1]
    assert text.splitlines()[2].startswith("**Next**: `python -m harness sweep ")


def test_hostile_text_is_inert_markdown(hostile_run: RunRecord) -> None:
    """No tag, link, table cell or terminal colour gets out of a text of the run."""
    text = re.sub(r"`[^`\n]*`", "", summary(hostile_run).replace("\\`", ""))

    assert "\x1b" not in text
    assert "\x00" not in text
    assert not re.search(r"(?<!\\)<", text)


@pytest.mark.parametrize("target", ["twin", "azure", "cassette"])
def test_every_number_names_its_target(passed_run: RunRecord, target: str) -> None:
    """Headline, cleanup, training and latency each say where they were seen."""
    place = GROUNDS[target].place  # type: ignore[index]  # a str here, a Literal there
    lines = summary(replace(passed_run, target=target)).splitlines()  # type: ignore[arg-type]  # a str here, a Literal there
    claims = [line for line in lines if line.startswith(("## ", "- "))]

    assert len(claims) == 4
    assert all(place in claim for claim in claims)


def test_a_summary_of_a_green_run_has_its_figures(passed_run: RunRecord) -> None:
    """The sign, what was left and what it cost, both falls and the speed, the quantiles."""
    assert passed_run.training is not None
    text = summary(replace(passed_run, spent_usd=1.5))

    assert text.startswith("## ✓ All nine steps passed on the twin")
    assert "- Cleanup on the twin: 0 left; 3 deleted, each seen to be gone; its VMs would" in text
    assert re.search(
        r"- Training on the twin: train loss fell .+, eval loss fell .+ tokens/s", text
    )
    assert re.search(r"- Latency on the twin: p50 .+, p90 .+, p99 .+, n [\d,]+ \(", text)
    bare = replace(passed_run.training, train_fall=None, tokens_per_second=None)
    text = summary(replace(passed_run, training=bare))
    assert re.search(r"- Training on the twin: eval loss fell [\d.]+ %\n", text)


def test_a_summary_of_a_broken_run_says_what_to_type(failed_run: RunRecord) -> None:
    """The failed step with its error, what is left with its command, the check's advice."""
    text = summary(failed_run)

    assert text.startswith("## ✕ Step 5, fine-tune job, failed on the twin")
    assert "- **Step 5 failed**: JobFailed" in text
    assert f"\n\n**Next**: `python -m harness sweep reports/{failed_run.run}`\n\n" in text
    assert "az ml" not in text
    assert "on Azure: `az ml compute delete --name a100-cluster --yes`" in summary(
        replace(failed_run, target="azure")
    )
    assert "- **error**: Child job chat" in text


def test_what_was_never_there_is_not_told_as_deleted(passed_run: RunRecord, tmp_path: Path) -> None:
    """A cluster that was refused: looked for, not there, and no deletion of ours."""
    absent = (Absent("compute", "refused", ("GET answers 404",)),)
    record = replace(passed_run, deleted=(), absent=absent)

    assert "0 left; nothing was created (1 asked for, and never there)" in summary(record)
    assert "0 left, 0 deleted" in closing_line(record, tmp_path)


def test_the_closing_line_of_a_green_run(passed_run: RunRecord, tmp_path: Path) -> None:
    """One line: verdict, tests, time, exchanges, what is left."""
    assert closing_line(passed_run, tmp_path) == (
        "✓ finetune_chat: All nine steps passed on the twin; 57 tests passed, 1 min 09 s, "
        "314 exchanges, 0 left, 3 deleted"
    )


def test_the_closing_line_of_a_broken_run_ends_in_a_command(
    failed_run: RunRecord, tmp_path: Path
) -> None:
    """What broke, and last the one command that deletes all that is left."""
    line = closing_line(failed_run, tmp_path)

    assert line.startswith("✕ finetune_chat: Step 5, fine-tune job, failed on the twin; JobFailed")
    assert line.endswith(f"next: python -m harness sweep {quote(str(tmp_path))}")
    (tmp_path / "watchdog.log").touch()
    assert "sweep" in (line := closing_line(failed_run, tmp_path))
    assert line.endswith(
        f"# a watchdog tries meanwhile, see {quote(str(tmp_path / 'watchdog.log'))}"
    )


def test_a_failed_step_says_why_and_who_can_mend_it(failed_run: RunRecord, tmp_path: Path) -> None:
    """What an error says last is its cause; a command is never cut, however long."""
    error = "JobError: job j ended as Failed.\n  Traceback:\nRuntimeError: no memory\nNext: look"
    steps = tuple(replace(s, error=error) if s.n == 5 else s for s in failed_run.steps)
    command = "az ml job download " + "--name j " * 40
    found = (
        Finding("error", "cassette.request", "another", "x", "something else", "", "service"),
        Finding("error", "job.completed", "job j ended as Failed.", "j", command, "", "plan"),
    )
    record = replace(failed_run, steps=steps, findings=found, leftovers=())
    why = "JobError: job j ended as Failed: RuntimeError: no memory (who can mend it: plan)"

    assert why in (line := closing_line(record, tmp_path))
    assert line.endswith(f"next: {command.strip()}")
    assert why.replace("_", r"\_") in summary(record)
    assert command.strip() in summary(record)


def test_an_error_that_no_check_found_has_its_own_next_command(
    failed_run: RunRecord, tmp_path: Path
) -> None:
    """The service itself refused: the command stands in the step's error, and in the last line."""
    error = "StepError: the cluster cannot be read. Next: run again; then look\nat this"
    steps = tuple(replace(s, error=error) if s.n == 5 else s for s in failed_run.steps)
    record = replace(failed_run, steps=steps, findings=(), leftovers=())

    line = closing_line(record, tmp_path)
    assert line.endswith("; next: run again; then look")
    assert "StepError: the cluster cannot be read; " in line


def test_what_is_left_is_told_without_the_ways_to_delete_it(
    failed_run: RunRecord, tmp_path: Path
) -> None:
    """Why step 9 failed is that something is left; the last line ends in the one command."""
    left = delete.Leftover("endpoint", "chat-1", "503", "az ml online-endpoint delete", 88.0, "url")
    with pytest.raises(LeftoverError) as refused:
        delete.Cleanup((), (left,), tmp_path / "ledger.jsonl").check()
    error = f"LeftoverError: {refused.value}"
    steps = tuple(replace(s, error=error) if s.n == 5 else s for s in failed_run.steps)

    line = closing_line(replace(failed_run, steps=steps), tmp_path)

    assert "; LeftoverError: 1 thing(s) may still exist and cost money; " in line
    assert line.endswith(f"next: python -m harness sweep {quote(str(tmp_path))}")
    assert f"\nNext: python -m harness sweep {quote(str(tmp_path))}\n" in error
    assert "az ml online-endpoint delete" in error


def test_ctrl_c_is_no_failed_step(failed_run: RunRecord, tmp_path: Path) -> None:
    """Who stopped the run reads that, and not that something broke."""
    steps = tuple(
        replace(s, error="KeyboardInterrupt: ") if s.n == 5 else s for s in failed_run.steps
    )

    line = closing_line(replace(failed_run, steps=steps, leftovers=()), tmp_path)

    assert line.startswith("✕ finetune_chat: Stopped by Ctrl-C in step 5, fine-tune job, on the")
    assert "KeyboardInterrupt" not in line


def test_the_closing_line_is_one_line_without_controls(
    hostile_run: RunRecord, tmp_path: Path
) -> None:
    """A hostile error cannot clear the terminal."""
    line = closing_line(hostile_run, tmp_path)

    assert line.isprintable()


@pytest.mark.parametrize(
    ("change", "headline"),
    [
        ({"leftovers": 2}, "All nine steps passed on the twin, but 2 things were left behind"),
        ({"tests": 1}, "All nine steps passed on the twin, but 1 test did not"),
        ({"outcome": 1}, "All nine steps passed on the twin, but the run failed"),
        ({"steps": 7}, "Seven of 9 steps ran and passed on the twin"),
        ({}, "All nine steps passed on the twin"),
    ],
)
def test_one_bad_sign_is_in_the_headline(
    passed_run: RunRecord, change: dict[str, int], headline: str
) -> None:
    """Green is said only when steps, tests and cleanup are; a partial run is called partial."""
    record = passed_run
    if number := change.get("leftovers"):
        record = replace(record, leftovers=(Leftover("endpoint", "e", "r", "c"),) * number)
    if change.get("tests"):
        record = replace(record, tests=Counts(passed=56, failed=1))
    if change.get("outcome"):
        record = replace(record, outcome="failed")
    if number := change.get("steps"):
        cut = tuple(replace(s, status="skipped") if s.n > number else s for s in record.steps)
        record = replace(record, steps=cut)

    said = verdict(record)

    assert headline == said.headline
    assert said.green == (not change or "steps" in change)


def test_a_run_that_never_began_says_why(passed_run: RunRecord) -> None:
    """An error before the first step is the headline; one warning, or one step that ran, is not."""
    skipped = tuple(replace(step, status="skipped") for step in passed_run.steps)
    finding = Finding("error", "target", "the twin's environment is missing", "", "make twin-env")
    record = replace(passed_run, outcome="failed", steps=skipped, findings=(finding,))
    warned = replace(record, findings=(replace(finding, severity="warning"),))
    one_ran = replace(record, steps=(passed_run.steps[0], *skipped[1:]))

    assert verdict(record).headline == (
        "No step ran on the twin: the twin's environment is missing"
    )
    assert verdict(warned).headline.startswith("None of 9 steps ran")
    assert verdict(one_ran).headline.startswith("One of 9 steps ran")


@pytest.mark.parametrize(
    ("target", "words"), [("azure", "cost about $1.50"), ("twin", "would have cost on Azure about")]
)
def test_only_azure_costs_money(passed_run: RunRecord, target: str, words: str) -> None:
    """On the twin the sum is what the same VMs would have cost."""
    record = replace(passed_run, target=target, spent_usd=1.5)  # type: ignore[arg-type]  # a str here, a Literal there

    assert words in cost_words(record)
    assert cost_words(replace(record, spent_usd=None)) == ""


def test_details_name_what_the_failure_took_along(failed_run: RunRecord) -> None:
    """The steps skipped because of it, those alone; and what is left, when something is."""
    details = verdict(failed_run).details

    assert "Steps 6, 7 and 8 were skipped because of it." in details
    assert "1 thing was left behind." in details
    assert "1 thing was left behind." not in verdict(replace(failed_run, leftovers=())).details


@given(st.floats(0, 1e7))
def test_durations_are_short(seconds: float) -> None:
    """No duration needs more than a dozen characters, none shows sixty seconds."""
    text = duration(seconds)

    assert len(text) <= 13
    assert "60 s" not in text
    assert "60 min" not in text


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_has_words(value: float) -> None:
    """NaN and infinity are named, everything else has at least one digit."""
    text = short(value)

    assert text == "not finite" or re.search(r"\d", text)


@given(st.text())
def test_cleaned_text_is_legal_and_stable(text: str) -> None:
    """What is left of a text can stand in XML, and cleaning twice changes nothing."""
    once = clean(text)

    assert once == clean(once)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", once)


def test_a_traceback_is_named_by_its_last_line() -> None:
    """The exception, not the word `Traceback`, is what happened."""
    text = 'Traceback (most recent call last):\n  File "x.py", line 1\nJobFailed: out of memory\n'

    assert first_line(text) == "JobFailed: out of memory"
    assert first_line("JobFailed: top\n  detail") == "JobFailed: top"
    assert first_line(" \n ") == "(no message)"
