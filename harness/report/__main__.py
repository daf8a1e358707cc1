# ruff: noqa: T201 - a command prints
"""`python -m harness report RUN [--out DIR]`: make page and summary of a run again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.report.begun import not_ended
from harness.report.html import write_html
from harness.report.run_record import RunRecordError, read, validate
from harness.report.summary import closing_line, summary


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0 when written, 1 when the record cannot be read, 2 for wrong arguments."""
    options = _parser().parse_args(arguments)
    run_json: Path = options.run / "run.json" if options.run.is_dir() else options.run
    out: Path = options.out or run_json.parent
    if not run_json.is_file():
        none = f"there is no {run_json}. Next: ls reports/*/run.json"
        print(f"report: {not_ended(run_json.parent) or none}", file=sys.stderr)
        return 1
    try:
        record = read(run_json)
        page = write_html(run_json, out)
    except (RunRecordError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    (out / "summary.md").write_text(summary(record, run_json.parent), encoding="utf-8")
    for problem in validate(record):
        print(f"warning: {problem}", file=sys.stderr)
    print(closing_line(record, run_json.parent))
    print(page)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m harness report", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its run.json")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: beside the record")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
