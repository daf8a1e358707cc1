"""`python -m harness.checks`: the table of all checks, as it stands in docs/checks.md."""

from __future__ import annotations

import sys

from harness.checks.catalogue import CHECKS, STOPS


def table() -> str:
    """One line for each check, in the order of the run."""
    lines = ["| step | check | what must hold | judged from | an error raises |"]
    lines.append("|---|---|---|---|---|")
    for check in CHECKS:
        raised = STOPS.get(check.group)
        lines.append(
            f"| {check.step} | `{check.name}` | {check.about} | {', '.join(check.needs)} "
            f"| `{raised.__name__ if raised else 'RefusedError'}` |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
