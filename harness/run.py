"""One run: a plan, an open target, a ledger, and what happened, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.checks.catalogue import judged, stop
from harness.checks.retirements import day_of
from harness.checks.seen import last_seen
from harness.errors import HarnessError, LeftoverError, MachineError, StepError, TargetError
from harness.janitor.delete import Leftover, by_hand
from harness.janitor.ledger import Ledger
from harness.janitor.prices import adopt, check_prices
from harness.janitor.watch import watched
from harness.limits import ceiling
from harness.report.run_record import Finding, Scoring
from harness.targets import open_target
from harness.targets.target import Target
from harness.wire.exchange import Exchange
from harness.wire.hook import Through, observed
from harness.wire.record import Recorder

if TYPE_CHECKING:
    from harness.janitor.delete import Cleanup
    from harness.plan import Plan
    from harness.recipe.metrics import TrainingMetrics


@dataclass
class StepRecord:
    """What became of one step. `facts` are short things worth showing."""

    n: int
    name: str
    title: str
    status: Literal["passed", "failed"]
    seconds: float
    error: str | None = None
    facts: dict[str, str | int | float] = field(default_factory=dict)


@dataclass
class Run:
    """Everything the steps share. Filled while the run goes on, read by the report afterwards."""

    scenario: str
    plan: Plan
    folder: Path
    target: Target
    ledger: Ledger
    started: datetime
    steps: list[StepRecord] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    training: TrainingMetrics | None = None
    scoring: Scoring | None = None
    cleanups: list[Cleanup] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0
    current: int | None = None
    finalizer: Callable[[], Cleanup] | None = None  # set by step 1, once there is a client
    recorder: Recorder | None = None  # with --record
    kept: dict[str, Any] = field(default_factory=dict)  # measured, for a replay to report
    uncaptured: Callable[[], AbstractContextManager[None]] = nullcontext  # shows a step's progress
    whole: bool = True  # all tests of the scenario are in this run
    stops: bool = True  # an error among the findings ends the step
    seen: dict[str, Any] = field(default_factory=dict)  # for later runs to compare with

    @property
    def timestamp(self) -> str:
        """Ten digits from which every unique name of the run derives."""
        return self.target.timestamp or str(int(self.started.timestamp()))

    @property
    def day(self) -> date:
        """The day it is for who answers."""
        twin = self.target.name == "twin" or "on twin" in (self.target.recorded or "")
        recorded = (self.target.recorded or "").rpartition(" at ")[2]
        return day_of(self.plan.twin.era if twin else None, recorded, self.started.date())

    @cached_property
    def earlier(self) -> dict[str, Any] | None:
        """What the newest earlier green run of this target saw; None when there is none."""
        return last_seen(self.folder, self.plan, self.target.name, self.scenario)

    def failed(self) -> dict[str, StepRecord]:
        """Steps that failed, by name."""
        return {step.name: step for step in self.steps if step.status == "failed"}

    def passed(self) -> set[int]:
        """Numbers of the steps that passed."""
        return {step.n for step in self.steps if step.status == "passed"}

    def unbroken(self) -> set[int]:
        """Numbers of the steps that passed before any failed: what came later was not as meant."""
        failed = [step.n for step in self.failed().values()]
        return {n for n in self.passed() if n < min(failed, default=n + 1)}

    def show(self, **facts: str | int | float) -> None:
        """Put short facts beside the step that is running."""
        self.steps[-1].facts.update(facts)

    def check(self, group: str, /, **facts: Any) -> None:
        """Run the checks of a group; what they find is kept, and an error stops the step."""
        shared = {"plan": self.plan, "day": self.day, "earlier": self.earlier}
        typed = self.target.typed
        found = [replace(each, next=typed(each.next)) for each in judged(group, shared | facts)]
        self.findings += [Finding(**asdict(finding)) for finding in found]
        if self.stops:
            stop(group, found)

    def warn(self, check: str, what: str, thing: str, next_command: str) -> None:
        """Note something that is not an error but must be read."""
        self.findings.append(Finding("warning", check, what, thing, next_command))

    @contextmanager
    def step(self, n: int, name: str, title: str) -> Iterator[None]:
        """Time a step and record how it ended; its error goes on to the caller."""
        record = StepRecord(n, name, title, "passed", 0.0)
        self.steps.append(record)
        started, self.current = time.monotonic(), n
        try:
            with self.uncaptured():
                yield
        except BaseException as error:  # Ctrl-C fails the step as well
            if isinstance(error, Exception) and (gone := self.target.gone()):
                record.status, record.error = "failed", f"TargetError: {gone}"
                raise TargetError(gone) from error
            if isinstance(error, StepError) and not isinstance(error, LeftoverError):
                # whoever raised it knows no target; what is left is told with its `sweep`
                error.args = (self.target.typed(str(error)),)
            record.status, record.error = "failed", f"{type(error).__name__}: {error}"
            raise
        finally:
            record.seconds, self.current = time.monotonic() - started, None
            if waited := self.target.tape and self.target.tape.waited(n):
                record.facts["seconds waited when recorded"] = waited

    def leftovers(self) -> tuple[Leftover, ...]:
        """What may still exist: all that the ledger holds open, whatever the cleanups said."""
        reasons = {(left.kind, left.name): left for c in self.cleanups for left in c.leftovers}
        return tuple(
            reasons.get((entry.kind, entry.name))
            or by_hand(entry, "the run ended before it was deleted")
            for entry in self.ledger.open_entries()
        )

    def told_what_is_left(self) -> bool:
        """Whether step 9 has failed with it: once is enough."""
        cleanup = self.failed().get("cleanup")
        return cleanup is not None and (cleanup.error or "").startswith(LeftoverError.__name__)

    def clean_up(self) -> Cleanup | None:
        """Delete what the ledger still holds; None before there is a client to delete with."""
        if self.finalizer is None:
            return None
        if self.target.tape and (self.target.tape.misses or self.failed()):
            # no service was asked, so nothing exists; and what was recorded is another run's end
            for entry in self.ledger.open_entries():
                self.ledger.gone(entry.kind, entry.name)
            return None
        cleanup = self.finalizer()
        self.cleanups.append(cleanup)
        return cleanup


@contextmanager
def open_run(
    scenario: str,
    plan: Plan,
    folder: Path,
    *,
    cassettes: Path = Path("cassettes"),
    record: bool = False,
    whole: bool = True,
) -> Iterator[Run]:
    """A run with its target open. However it ends, what it created is deleted before it closes.

    `cassettes` holds a folder for each scenario; `whole` says that no test of it was left out.
    Raises LeftoverError when something could not be deleted, naming the commands to type, unless
    step 9 has; and CassetteError when a replay left out what was recorded.
    """
    adopt(None)
    check_prices(plan)
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with _watchdog(plan, folder), open_target(plan, folder, cassettes / scenario) as target:
        run = _begun(scenario, plan, folder, target)
        run.findings += [Finding(**asdict(note)) for note in target.notes]
        run.recorder = Recorder(lambda: run.current) if record else None
        run.whole = whole
        with (
            observed(run.exchanges.append, lambda: run.current, _through(run)),
            _cleaned_up(run, began),
        ):
            yield run
        _check_played(run)


def unopened(scenario: str, plan: Plan, folder: Path, error: HarnessError) -> Run:
    """The run that never began because its target did not open: only a record of why."""
    what, _, next_command = str(error).partition("Next: ")
    run = _begun(scenario, plan, folder, Target(name=plan.target))
    blame = "this machine" if isinstance(error, MachineError) else ""
    finding = Finding("error", "target", what.strip(), "", next_command.strip(), blame=blame)
    run.findings.append(finding)
    return run


def _begun(scenario: str, plan: Plan, folder: Path, target: Target) -> Run:
    return Run(
        scenario=scenario,
        plan=plan,
        folder=folder,
        target=target,
        ledger=Ledger(folder / "ledger.jsonl"),
        started=datetime.now(UTC),
    )


@contextmanager
def _cleaned_up(run: Run, began: float) -> Iterator[None]:
    """Whatever ends the block, what was created in it goes; `began` is when the run did."""
    try:
        yield
    finally:
        cleanup = run.clean_up() if run.ledger.open_entries() else None
        run.seconds = time.monotonic() - began
        if cleanup and not run.told_what_is_left():
            cleanup.check()


def _check_played(run: Run) -> None:
    """Of a replay: what it asked otherwise than was recorded. Raises CassetteError for a rest."""
    target = run.target
    if target.tape:
        compared = target.compared(run.unbroken(), run.whole)
        run.findings += [Finding(**asdict(note)) for note in compared]
        target.tape.check_played(run.unbroken(), with_tests=run.whole)


def _watchdog(plan: Plan, folder: Path) -> AbstractContextManager[None]:
    """Who deletes when this process dies; a replay creates nothing."""
    return nullcontext() if plan.target == "cassette" else watched(folder, ceiling(plan.limits))


def _through(run: Run) -> Through | None:
    """Who stands between the client and the network: a tape, a recorder, or nobody."""
    if tape := run.target.tape:
        tape.follow(lambda: {step.n for step in run.steps})
        return tape.through
    return run.recorder.through if run.recorder else None
