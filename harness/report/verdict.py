"""What a run says in one sentence, and what such a run can and cannot prove.

Page, summary and terminal line all take their words from here, so they never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.consistency import reasons_to_fail
from harness.report.schema import Finding, RunRecord, StepRecord, Target
from harness.report.units import counted, gist

NUMBERS = ("None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True)
class Ground:
    """Who answered, and what a green run there proves and leaves open."""

    name: str
    place: str
    proves: str
    leaves_open: str


GROUNDS: dict[Target, Ground] = {
    "twin": Ground(
        "our local Azure ML, with a real tiny fine-tune",
        "on the twin",
        "Recipe, harness and SDK fit together.",
        "Anything about Azure: Azure was not asked.",
    ),
    "azure": Ground(
        "the real Azure ML",
        "on Azure",
        "The recipe works on Azure today.",
        "That it works tomorrow, or in another region, subscription or VM size.",
    ),
    "cassette": Ground(
        "recorded answers, replayed",
        "from a cassette",
        "Nothing changed in what we send or how we read the answers.",
        "That anything would answer so today: no service was asked.",
    ),
}


@dataclass(frozen=True)
class Verdict:
    """`headline` is one sentence without a full stop; `details` say who, what and what next."""

    green: bool
    headline: str
    details: tuple[str, ...]


def verdict(record: RunRecord) -> Verdict:
    """Judge by what is recorded, not by `outcome` alone: one bad sign is enough for red."""
    green = record.outcome == "passed" and not list(reasons_to_fail(record))
    return Verdict(green, _headline(record, green), tuple(_details(record)))


def cleanup(record: RunRecord) -> str:
    """What was left behind and what was deleted: `0 left, 4 deleted`."""
    return f"{len(record.leftovers)} left, {len(record.deleted)} deleted"


def proof_words(record: RunRecord) -> str:
    """How far the deletions are proven: `4 deleted, each seen to be gone`."""
    never = f" ({len(record.absent)} asked for, and never there)" if record.absent else ""
    if not record.deleted:
        return ("nothing was deleted" if record.leftovers else "nothing was created") + never
    unproven = sum(not thing.proof for thing in record.deleted)
    how = f"{unproven} without proof" if unproven else "each seen to be gone"
    return f"{len(record.deleted)} deleted, {how}{never}"


def cost_words(record: RunRecord) -> str:
    """What the VMs of the run cost at list prices; empty when that is not known."""
    if record.spent_usd is None:
        return ""
    how = "cost" if record.target == "azure" else "would have cost on Azure"
    return f"its VMs {how} about ${record.spent_usd:,.2f} at list prices"


def fault_words(record: RunRecord) -> str:
    """What the twin was told to do wrong, and did: `2 faults struck`; empty when nothing."""
    return f"{counted(len(record.struck), 'fault')} struck" if record.struck else ""


def each_fault(record: RunRecord) -> str:
    """Every fault that struck, as it was written, and how often: `lose:job.submit (2 times)`."""
    times = {spec: counted(count, "time") for spec, count in record.struck.items()}
    return ", ".join(f"{spec} ({often})" for spec, often in times.items())


def broken(record: RunRecord) -> list[StepRecord]:
    """The steps that failed, in order."""
    return [step for step in record.steps if step.status == "failed"]


def reason(record: RunRecord) -> str:
    """Why the first broken step broke, and who can mend it."""
    failed = broken(record)
    if not failed or not (error := failed[0].error) or error.startswith("KeyboardInterrupt"):
        return ""
    whole = gist(error)
    blamed = [each.blame for each in told_of(record) if each.blame]
    return f"{whole.rstrip('.')} (who can mend it: {blamed[0]})" if blamed else whole


def told_of(record: RunRecord) -> list[Finding]:
    """The findings that broke the first broken step: its error tells them, word for word."""
    error = next((step.error or "" for step in broken(record)), "")
    errors = [each for each in record.findings if each.severity == "error"]
    return [each for each in errors if each.what in error]


def _headline(record: RunRecord, green: bool) -> str:
    place = GROUNDS[record.target].place
    if failed := broken(record):
        step = f"{failed[0].n}, {_quiet(failed[0].title)},"
        if (failed[0].error or "").startswith("KeyboardInterrupt"):
            return f"Stopped by Ctrl-C in step {step} {place}"
        return f"Step {step} failed {place}"
    errors = [finding.what for finding in record.findings if finding.severity == "error"]
    if errors and all(step.status == "skipped" for step in record.steps):
        return f"No step ran {place}: {gist(errors[0])}"
    steps = f"{_passed_steps(record)} {place}"
    if record.leftovers:
        return f"{steps}, but {_left_behind(record)}"
    if bad := record.tests.failed + record.tests.errors:
        return f"{steps}, but {counted(bad, 'test')} did not"
    return steps if green else f"{steps}, but the run failed"


def _passed_steps(record: RunRecord) -> str:
    passed = sum(step.status == "passed" for step in record.steps)
    if passed == len(record.steps) == 9:
        return "All nine steps passed"
    word = NUMBERS[passed] if passed < len(NUMBERS) else str(passed)
    return f"{word} of {len(record.steps)} steps ran and passed"


def _details(record: RunRecord) -> list[str]:
    failed = broken(record)
    details = [words for words in [reason(record)] if words]
    for step in failed:
        skipped = [str(s.n) for s in record.steps if s.status == "skipped" and s.needs == step.name]
        if skipped:
            details.append(f"{_steps(skipped)} skipped because of it.")
    details += [f"Step {step.n}, {_quiet(step.title)}, failed as well." for step in failed[1:]]
    if failed and record.leftovers:
        details.append(f"{_left_behind(record)}.")
    if met := fault_words(record):
        details.append(f"{met}: {each_fault(record)}.")
    return details


def _left_behind(record: RunRecord) -> str:
    return f"{counted(len(record.leftovers), 'thing was', 'things were')} left behind"


def _steps(numbers: list[str]) -> str:
    if len(numbers) == 1:
        return f"Step {numbers[0]} was"
    return f"Steps {', '.join(numbers[:-1])} and {numbers[-1]} were"


def _quiet(title: str) -> str:
    """A title inside a sentence: `Fine-tune` becomes `fine-tune`, `SDK` stays."""
    return title[:1].lower() + title[1:] if title[1:2].islower() else title
