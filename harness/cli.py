"""`python -m harness ...`: what can be done outside of pytest."""

from __future__ import annotations

import os
import sys

from harness.errors import HarnessError

USAGE = """usage: python -m harness COMMAND [options]

  twin     run the embedded Azure ML in the foreground, for any client (twin --help)
  preflight  what would stand in the way of a run, before anything is created (preflight --help)
  sweep    delete what a run that was killed has left (sweep --help)
  cassettes audit   look for secrets in the cassettes (cassettes audit --help)
  data     check chat data, or prepare it for the job (data --help)
  cassettes diff    what one recording asks otherwise than another (cassettes diff --help)
  sdk      what changes between releases of the SDK: matrix, diff, bisect (sdk --help)
  reference  what a training is compared with: gather, check (reference --help)
  report   write the page of a run again: report reports/latest/run.json
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code says whether it worked."""
    given = sys.argv[1:] if arguments is None else arguments
    match given:
        case ["twin", *rest]:
            return _twin(rest)
        case ["report", *rest]:
            from harness.report.__main__ import main as report

            return report(rest)
        case ["data", *rest]:
            from harness.dataset.command import main as data

            return data(rest)
        case ["cassettes", "audit", *rest]:
            from harness.audit.__main__ import main as audit

            return audit(rest)
        case ["cassettes", "diff", *rest]:
            from harness.wire_diff.__main__ import main as diff

            return diff(rest)
        case ["preflight", *rest]:
            from harness.preflight import main as preflight

            return preflight(rest)
        case ["sdk", *rest]:
            from harness.sdk.command import main as sdk

            return sdk(rest)
        case ["reference", *rest]:
            from harness.acceptance.command import main as reference

            return reference(rest)
        case ["sweep", *rest]:
            from harness.janitor.sweep import main as sweep

            return sweep(rest)
        case ["-h" | "--help"]:
            sys.stdout.write(USAGE)
            return 0
    sys.stderr.write(USAGE)
    return 2


def _twin(rest: list[str]) -> int:
    """Become the twin's own interpreter: it lives in an environment of its own."""
    from harness.targets.twin import twin_python

    try:
        python = str(twin_python())
    except HarnessError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.flush()
    return os.execv(python, [python, "-m", "harness.twin", *rest])  # noqa: S606  # no shell
