"""python -m harness.twin: start a twin and say how to reach it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import get_args

from harness.child_environment import twin_environment
from harness.errors import HarnessError
from harness.twin import settings as known
from harness.twin.engine.profiles import check
from harness.twin.machine import check_machine, temporary_folder
from harness.twin.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve; 2 when something in it is misspelt."""
    given = _parser().parse_args(arguments)
    _leave_the_shell()
    from harness.twin.serve import serve  # its packages are not needed for --help

    settings = Settings(
        state=given.state or Path(),  # if none, a new folder once the machine is checked
        subscription=given.subscription,
        group=given.group,
        workspace=given.workspace,
        region=given.region,
        era=given.era,
        pace=given.pace,
        profile=given.profile,
        image=given.image,
        weights=given.weights,
        faults=tuple(given.fault),
    )
    try:
        if given.show:
            _show(given.state, settings)
            return 0
        check(settings.profile, settings.weights)
        check_machine(given.state)
        serve(
            settings
            if given.state
            else replace(settings, state=Path(tempfile.mkdtemp(prefix="twin-"))),
            ready_file=given.ready_file,
            idle_exit=given.idle_exit,
            verbose=given.verbose,
            quiet=given.quiet,
            lazy=given.lazy,
        )
    except HarnessError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _show(state: Path | None, settings: Settings) -> None:
    """What that folder holds, or what a new twin would hold."""
    from harness.twin.show import show

    with ExitStack() as stack:
        if state is None:
            folder = tempfile.TemporaryDirectory(prefix="twin-", dir=temporary_folder())
            settings = replace(settings, state=Path(stack.enter_context(folder)))
        sys.stdout.writelines(f"{line}\n" for line in show(settings))


def _leave_the_shell() -> None:
    """Whoever starts this process, what it starts in turn inherits no more than a twin's needs."""
    environment = twin_environment()
    os.environ.clear()
    os.environ.update(environment)


def _parser() -> argparse.ArgumentParser:
    usual = Settings(state=Path())
    parser = argparse.ArgumentParser(
        prog="python -m harness twin", description="A local Azure ML that unmodified clients use."
    )
    add = parser.add_argument
    add("--state", type=Path, help="folder that keeps everything (default: a new temporary one)")
    add("--era", choices=get_args(known.Era), default=usual.era, help="what the registry holds")
    add("--pace", choices=get_args(known.Pace), default=usual.pace, help="how long things take")
    add("--profile", choices=get_args(known.Profile), default=usual.profile, help="base model")
    add("--weights", type=Path, help="folder of a Phi-3 model, to be the base model instead")
    add("--image", choices=get_args(known.Image), default=usual.image, help="scoring container")
    add("--subscription", default=usual.subscription)
    add("--group", default=usual.group)
    add("--workspace", default=usual.workspace)
    add("--region", default=usual.region)
    add(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="what goes wrong, such as refuse:compute.create:status=409 (repeatable)",
    )
    add("--ready-file", type=Path, help="where to write, as JSON, how to reach it")
    add("--idle-exit", type=float, metavar="SECONDS", help="end after that long without a request")
    add("--quiet", action="store_true", help="print no exports (they hold a secret), just a line")
    add(
        "--lazy",
        action="store_true",
        default=os.environ.get("HARNESS_TWIN_LAZY") == "1",
        help="import torch and MLflow for the first job or deployment, not at the start",
    )
    add("--show", action="store_true", help="say what it holds, and start nothing")
    add("--verbose", action="store_true", help="one line a request on stderr")
    return parser


if __name__ == "__main__":
    sys.exit(main())
