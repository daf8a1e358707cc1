"""How the job ended: Completed or not, whatever streaming said, and whose fault a child's error is.

`jobs.stream` raises on Failed only and returns in silence on Canceled; the parent's error says
that some step failed and never why.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.checks.causes import (
    DISK,
    IMAGE,
    LOOK,
    MEMORY,
    QUOTA,
    TRACEBACK,
    TRANSIENT,
    TWIN_MACHINE,
    UNKNOWN,
    Cause,
    cause_of,
    evidence_of,
)
from harness.checks.facts import Child, JobEnd
from harness.checks.finding import Finding

CAUSES = (  # the first that fits; more particular ones before those that are said of anything
    TWIN_MACHINE,
    Cause(
        "out of memory",
        MEMORY,
        "SKU",
        "lower per_device_train_batch_size or max_seq_length, or a larger compute.size",
    ),
    Cause(
        "preemption",
        r"preempt|evicted|node (was )?lost|lowpriority.*(reclaim|deallocat)",
        "SKU",
        'run again, or compute.tiers = ["Dedicated"] in the plan or with --set',
    ),
    Cause("disk", DISK, "SKU", "a compute.size with more disk, or save_total_limit = 1"),
    Cause("quota", QUOTA, "quota", LOOK),
    Cause(
        "image",
        IMAGE,
        "component",
        "pin finetune.version in the plan or with --set to a version whose environment still "
        "builds",
    ),
    Cause(
        "training environment",
        r"modulenotfounderror|importerror|cannot import name|unexpected keyword argument|"
        r"has no attribute|keyerror: 'lora|deepcopy|is not supported by your transformers",
        "component",
        "pin finetune.version in the plan or with --set to the last version that was green",
    ),
    Cause(
        "transient",
        TRANSIENT,
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
    Cause("exception in the step's code", TRACEBACK, "component", ""),
)


def completed(job: JobEnd) -> Iterator[Finding]:
    """The job is Completed, and if not, the failed child's own error says why."""
    if job.status == "Completed":
        return
    lines = [f"  {child.name}: {child.status}{_said(child)}" for child in job.children]
    causes = [kind_of(child) for child in job.children if child.status == "Failed"]
    first = next((cause for cause in causes if cause is not UNKNOWN), UNKNOWN)
    yield Finding(
        "error",
        "\n".join([f"job {job.name} ended as {job.status}, not Completed.", *lines]),
        job.name,
        evidence_of(first) if causes else "no child says why",
        first.blame,
        f"{first.next or f'az ml job download --name {job.name} --all, and read std_log.txt'}; "
        f"az ml job show --name {job.name}",
    )


def kind_of(child: Child) -> Cause:
    """The kind of failure that a child's code and message tell of."""
    return cause_of(f"{child.code}\n{child.message}", CAUSES)


def _said(child: Child) -> str:
    return f": {child.message}" if child.message else ""
