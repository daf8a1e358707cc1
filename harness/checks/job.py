"""How the job ended: Completed or not, whatever streaming said, and whose fault a child's error is.

`jobs.stream` raises on Failed only and returns in silence on Canceled; the parent's error says
that some step failed and never why.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.checks.facts import Child, JobEnd
from harness.checks.finding import Blame, Finding


@dataclass(frozen=True)
class Cause:
    """A kind of failure, and what its code or message says."""

    name: str
    says: str  # a regular expression, whatever the case
    blame: Blame
    next: str


CAUSES = (  # the first that fits; more particular ones before those that are said of anything
    Cause(
        "out of memory",
        r"out of memory|outofmemory|oomkilled|cuda error: out|exit(ed with)? code:? 137|cannot "
        r"allocate memory",
        "SKU",
        "lower per_device_train_batch_size or max_seq_length, or a larger compute.size",
    ),
    Cause(
        "preemption",
        r"preempt|evicted|node (was )?lost|lowpriority.*(reclaim|deallocat)",
        "SKU",
        'run again, or compute.tiers = ["Dedicated"] in plan.toml',
    ),
    Cause(
        "quota",
        r"quota|not enough cores|exceed.*core|limit.*v?cpus",
        "quota",
        "az ml compute list-usage shows what is left",
    ),
    Cause(
        "disk",
        r"no space left|diskfull|disk is full|not enough disk",
        "SKU",
        "a compute.size with more disk, or save_total_limit = 1",
    ),
    Cause(
        "image",
        r"imagepull|image build|failed to (pull|build)|manifest unknown|docker|environment.*build",
        "component",
        "pin finetune.version in plan.toml to a version whose environment still builds",
    ),
    Cause(
        "training environment",
        r"modulenotfounderror|importerror|cannot import name|unexpected keyword argument|"
        r"has no attribute|keyerror: 'lora|deepcopy|is not supported by your transformers",
        "component",
        "pin finetune.version in plan.toml to the last version that was green",
    ),
    Cause(
        "transient",
        r"timed? ?out|transient|temporar|connection (reset|aborted|refused)|serviceunavailable|"
        r"\b(502|503|504)\b|bad ?gateway|too many requests|internalservererror",
        "service",
        "run again; it passes or it is no longer transient",
    ),
    Cause(
        "user data",
        r"usererror|uservalidation|dataset|jsonl?\b|column|schema|rows|tokens?\b|chat template|"
        r"messages|role",
        "data",
        "python -m harness data checks every row",
    ),
)
UNKNOWN = Cause("unknown", "", "service", "az ml job download --all, and read std_log.txt")


def completed(job: JobEnd) -> Iterator[Finding]:
    """The job is Completed, and if not, the failed child's own error says why."""
    if job.status == "Completed":
        return
    lines = [f"  {child.name}: {child.status}{_said(child)}" for child in job.children]
    causes = [cause_of(child) for child in job.children if child.status == "Failed"]
    first = next((cause for cause in causes if cause is not UNKNOWN), UNKNOWN)
    yield Finding(
        "error",
        "\n".join([f"job {job.name} ended as {job.status}, not Completed.", *lines]),
        job.name,
        f"cause: {first.name}" if causes else "no child says why",
        first.blame,
        f"{first.next}; az ml job show --name {job.name}",
    )


def cause_of(child: Child) -> Cause:
    """The kind of failure that a child's code and message tell of."""
    text = f"{child.code} {child.message}"
    return next((each for each in CAUSES if re.search(each.says, text, re.IGNORECASE)), UNKNOWN)


def _said(child: Child) -> str:
    return f": {child.message}" if child.message else ""
