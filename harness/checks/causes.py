"""Kinds of failure, told by what a service, a cluster or a container says when it fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.checks.finding import Blame


@dataclass(frozen=True)
class Cause:
    """A kind of failure, and what its code or message says."""

    name: str
    says: str  # a regular expression, whatever the case
    blame: Blame
    next: str


TWIN_MACHINE = Cause(  # the code is the twin's own: Azure is no part of this machine
    "this machine is short of something the twin needs",
    r"TwinMachineError",
    "this machine",
    "df -h and ulimit -a show what is short here; make room, then run again",
)
UNKNOWN = Cause("unknown", "", "service", "")
MEMORY = r"out of memory|outofmemory|oomkilled|exit(ed with)? code:? 137|cannot allocate memory"
DISK = r"no space left|diskfull|disk is full|not enough disk|disk quota"
QUOTA = r"quota|not enough cores|exceed.*core|limit.*v?cpus"
IMAGE = (
    r"imagepull|image build|failed to (pull|build)|manifest unknown|docker.*\b(pull|build)|"
    r"environment.*build"
)
TRACEBACK = r"traceback \(most recent call last\)|(?m:^(\w+\.)*\w+(Error|Exception|Warning): )"
TRANSIENT = (
    r"timed? ?out|transient|temporar|connection (reset|aborted|refused)|serviceunavailable|"
    r"\b(502|503|504)\b|bad ?gateway|too many requests|internalservererror"
)
LOOK = "az ml compute list-usage shows what is left"


def evidence_of(cause: Cause) -> str:
    """The cause in words; one that nobody knows accuses nobody."""
    if cause is UNKNOWN:
        return "cause not recognised; the service is named as nothing points to anybody else"
    return f"cause: {cause.name}"


def cause_of(text: str, causes: Sequence[Cause]) -> Cause:
    """The first cause that fits; the more particular ones stand first."""
    return next((each for each in causes if re.search(each.says, text, re.IGNORECASE)), UNKNOWN)
