"""Gathering a reference from green runs, and judging a run by its folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.acceptance.command import main
from harness.acceptance.gates import accept
from harness.acceptance.record import gather, keep, kept
from harness.acceptance.reference import (
    FEWEST,
    BadReferenceError,
    Kind,
    Reference,
    find,
    read,
    write,
)
from harness.acceptance.verdict import overall

OF = {"target": "azure", "train": "abc", "parameters": "{}"}


@pytest.fixture(scope="module")
def reference() -> Reference:
    """The twin's reference, as it ships."""
    found = find("twin", "tiny")
    assert found is not None
    return found


def folder(
    place: Path, reference: Reference, n: int, target: str = "azure", outcome: str = "passed"
) -> Path:
    """The folder of a run, as if it had been made on a target."""
    made = place / f"run-{n}"
    made.mkdir(parents=True)
    (made / "run.json").write_text(json.dumps({"outcome": outcome, "target": target}))
    run = replace(reference.runs[n], base_loss=None)  # Azure's job does not evaluate beforehand
    keep(made, run, Kind({**OF, "target": target}))
    return made


def test_a_reference_gathered_from_green_runs_judges_the_next(
    tmp_path: Path, reference: Reference
) -> None:
    """Failed runs, replays and folders without figures are left out, by name; the rest judge."""
    runs = [folder(tmp_path, reference, n) for n in range(10)]
    failed = folder(tmp_path, reference, 10, outcome="failed")
    replay = folder(tmp_path, reference, 11, target="cassette")
    (tmp_path / "empty").mkdir()

    made, skipped = gather("azure", [*runs, failed, replay, tmp_path / "empty"], "by hand")

    assert len(made.runs) == 10
    assert [line.partition(":")[0] for line in skipped] == ["empty", "run-10", "run-11"]
    write(tmp_path / "azure.json", made)
    again = read(tmp_path / "azure.json")
    assert again == made
    fresh = replace(reference.runs[15], base_loss=None)
    assert overall(accept(fresh, again, Kind(OF), "azure")) == "accepted"
    worse = replace(fresh, eval_loss=0.3)
    assert overall(accept(worse, again, Kind(OF), "azure")) == "too bad"


def test_too_few_runs_make_no_reference(tmp_path: Path, reference: Reference) -> None:
    """Four runs say too little about spread, and the error says what was left out."""
    runs = [folder(tmp_path, reference, n) for n in range(FEWEST - 1)]

    failed = folder(tmp_path, reference, FEWEST, outcome="failed")

    with pytest.raises(
        BadReferenceError, match=f"{FEWEST} are the fewest.*1 because the run failed"
    ):
        gather("azure", [*runs, failed], "by hand")


def test_runs_of_different_kinds_make_no_reference(tmp_path: Path, reference: Reference) -> None:
    """Other data in one of them: the error names what differs."""
    runs = [folder(tmp_path, reference, n) for n in range(6)]
    keep(runs[3], reference.runs[3], Kind({**OF, "train": "other"}))

    with pytest.raises(BadReferenceError, match="differ in train"):
        gather("azure", runs, "by hand")


def test_a_run_is_kept_to_the_bit(tmp_path: Path, reference: Reference) -> None:
    """training.json gives back what was put in, losses with all their bits."""
    kind = Kind(OF, {"processor": "p"})
    keep(tmp_path, reference.runs[0], kind)

    assert kept(tmp_path / "training.json") == (reference.runs[0], kind)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 99}', "[1]", '{"schema": 1, "of": {}}'])
def test_a_damaged_reference_is_one_error(tmp_path: Path, text: str) -> None:
    """What is no reference says so, with the file and the next command."""
    (tmp_path / "azure.json").write_text(text)

    with pytest.raises(BadReferenceError, match=r"azure\.json is no reference.*Next: "):
        find("azure", "", tmp_path)


def test_the_command_gathers_and_checks(
    tmp_path: Path, reference: Reference, capsys: pytest.CaptureFixture[str]
) -> None:
    """gather writes the file; check ends with 0, 1 or 2 for accepted, rejected, cannot tell."""
    runs = [str(folder(tmp_path, reference, n) / "run.json") for n in range(6)]
    out = tmp_path / "azure.json"

    assert main(["gather", "--target", "azure", "--out", str(out), *runs]) == 0
    assert "6 runs, seeds 1, 2, 3, 4, 5, 42" in capsys.readouterr().out
    assert len(read(out).runs) == 6

    kind = Kind(reference.of, reference.conditions)
    codes = []
    for n, change in enumerate(({}, {"eval_loss": 0.5}, {"rouge_l": None})):
        place = tmp_path / f"judged-{n}"
        place.mkdir()
        keep(place, replace(reference.runs[0], **change), kind)  # type: ignore[arg-type]  # fields by name
        codes.append(main(["check", str(place)]))
    assert codes == [0, 1, 2]
    assert main(["check", runs[0]]) == 2  # of Azure, and the project ships no reference for it
    assert "no reference for azure" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("", "has no training.json"),
        ("absent", "/absent. Next: ls "),
        ("absent/run.json", "/absent. Next: ls "),
        ("broken", "does not hold the figures of a training"),
    ],
)
def test_what_cannot_be_judged_is_not_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], run: str, says: str
) -> None:
    """2 for a replay's folder, one that is not there, and figures cut off; with what to type."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "training.json").write_text("{")

    assert main(["check", str(tmp_path / run)]) == 2

    told = capsys.readouterr().err
    assert says in told
    assert ("--set finetune.compare_with_reference=true" in told) == ("absent" not in run)


def test_a_run_that_is_named_twice_counts_once(tmp_path: Path, reference: Reference) -> None:
    """`reports/*/run.json` is also reports/latest, a link to the newest run."""
    runs = [folder(tmp_path, reference, n) for n in range(FEWEST)]
    latest = tmp_path / "latest"
    latest.symlink_to("run-0")

    made, _ = gather("azure", [*runs, latest], "by hand")

    assert len(made.runs) == FEWEST


@pytest.mark.parametrize("alpha", ["-1", "0", "1", "nan", "much"])
def test_alpha_is_a_probability(alpha: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Anything else is refused as a command line that makes no sense."""
    with pytest.raises(SystemExit) as left:
        main(["check", "absent", "--alpha", alpha])

    assert left.value.code == 2
    assert "is not between 0 and 1" in capsys.readouterr().err
