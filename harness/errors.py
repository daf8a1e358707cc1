"""Every error this project raises on purpose.

HarnessError
├── PlanError          the plan is wrong; nothing was created
├── TargetError        the target could not be opened
│   └── MachineError   this machine lacks what the target needs; nothing was created
├── SdkError           an environment for a release of the SDK cannot be made or used
├── WireError          an operation or a fault is misspelt, or an exchange makes no sense
│   ├── CassetteError  a cassette cannot be written, read or trusted
│   ├── MissError      a replayed request is not in the cassettes, or not at this point
│   └── NetworkError   something tried to reach the network during a replay
└── StepError          a step of the recipe found something it cannot go on with
    ├── RefusedError   refused before money is spent (SKU, quota, contract)
    ├── JobError       the fine-tune job ended in anything but Completed
    ├── DeployError    endpoint or deployment did not become healthy
    ├── AnswerError    the deployment answered, and the answer is not acceptable
    └── LeftoverError  something that costs money is still there

Each message says what happened, to which thing, and the next command to type.
"""

from __future__ import annotations


class HarnessError(Exception):
    """Any error of ours."""


class PlanError(HarnessError):
    """One or more problems in the plan, found before anything was created."""

    def __init__(self, problems: list[str], source: str = "plan.toml") -> None:
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"{source} has {len(problems)} problem(s); nothing was created:\n{lines}")


class TargetError(HarnessError):
    """The target could not be opened or answered nonsense while opening."""


class MachineError(TargetError):
    """This machine lacks what the target needs: a limit, a folder, space, a network."""


class SdkError(HarnessError):
    """A release of the SDK does not install, or what is asked about it makes no sense."""


class WireError(HarnessError):
    """An operation or fault names something that does not exist on the wire."""


class CassetteError(WireError):
    """A cassette cannot be written, read or trusted; nothing was replayed from it."""


class MissError(WireError):
    """The recipe asked for something that was not recorded, or not at this point.

    What is raised is also vcrpy's CannotOverwriteExistingCassetteException.
    """


class NetworkError(WireError):
    """Something tried to reach the network while cassettes answer."""


class StepError(HarnessError):
    """A step cannot go on; the message ends in the next command."""


class RefusedError(StepError):
    """Refused before money is spent: before a create, or before the job is submitted."""


class JobError(StepError):
    """The job did not complete."""


class DeployError(StepError):
    """The deployment did not become healthy."""


class AnswerError(StepError):
    """The answer of the endpoint is not acceptable."""


class LeftoverError(StepError):
    """Something of ours is still there after it was deleted."""
