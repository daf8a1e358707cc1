"""A deployment that did not come up: what its error and its logs tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote

from harness.checks.causes import (
    DISK,
    IMAGE,
    LOOK,
    MEMORY,
    QUOTA,
    TWIN_MACHINE,
    Cause,
    cause_of,
    evidence_of,
)
from harness.checks.facts import Rollout
from harness.checks.finding import Finding

WELL = re.compile(r": Succeeded\s*$")  # `UserContainerImagePull: Succeeded` is no image's fault
CAUSES = (
    TWIN_MACHINE,
    Cause("disk", DISK, "SKU", "a deployment.size with more disk in the plan or with --set"),
    Cause("quota", QUOTA, "quota", LOOK),
    Cause(
        "size",
        r"not a supported vm size|sku.*not (available|supported)|capacity",
        "SKU",
        "set deployment.size in the plan or with --set to another allowed size",
    ),
    Cause("out of memory", MEMORY, "SKU", "a larger deployment.size in the plan or with --set"),
    Cause("image", IMAGE, "component", "pin finetune.version in the plan or with --set"),
    Cause(
        "serving environment",
        r"modulenotfounderror|importerror|no module named|cannot import name",
        "component",
        "pin finetune.version in the plan or with --set: the component writes the environment",
    ),
    Cause(
        "model files",
        r"mlflowexception|safetensors|tokenizer|does not appear to have a file|error loading",
        "training",
        "az ml model download {model}, and look at the MLmodel file and the weights beside it",
    ),
    Cause("exception in the container", r"traceback \(most recent", "component", ""),
    Cause(
        "probes",
        r"liveness|readiness|resourcenotready|probe|\b502\b|timed? ?out",
        "plan",
        "a longer deployment.liveness_initial_delay in the plan or with --set, then run again",
    ),
)


def came_up(failure: Rollout) -> Iterator[Finding]:
    """The deployment became healthy, and if not, its error or its logs say why."""
    logs = failure.logs
    lines = logs.splitlines()
    told = [failure.why, *(line for line in lines if not WELL.search(line))]
    cause = cause_of("\n".join(told), CAUSES)
    yield Finding(
        "error",
        f"deployment {failure.deployment!r} of endpoint {failure.endpoint} on {failure.size} did "
        f"not become healthy: {failure.why}\n--- last {len(lines)} log lines ---\n{logs}\n---",
        failure.deployment,
        evidence_of(cause),
        cause.blame,
        "; ".join(filter(None, (cause.next.format(model=failure.model), _logs(failure)))),
    )


def _logs(failure: Rollout) -> str:
    """The endpoint goes when the run ends, so no command can ask it for more."""
    return (
        f"less {quote(failure.log)} has what was logged" if failure.log else "read the logs above"
    )
