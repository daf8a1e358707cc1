"""Reading the data files a job names: jsonl, json, csv, tsv, parquet."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from harness.twin.engine.refusal import UserError
from harness.twin.engine.steps.conversation import Row

FORMATS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")


def read_rows(path: Path, what: str) -> list[Row]:
    """The rows of a file; `what` names it in messages ("training").

    Raises UserError when the format is unknown or the file does not parse, with the line.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise UserError(
            f"The {what} file {path.name} is not one of {', '.join(FORMATS)}; convert it to jsonl."
        )
    if suffix == ".parquet":
        return _parquet(path, what)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"The {what} file {path.name} is not UTF-8: {error}.") from error
    if suffix == ".jsonl":
        return [_row(line, what, path.name, n) for n, line in _lines(text)]
    if suffix == ".json":
        return _whole(text, what, path.name)
    return _table(text, "\t" if suffix == ".tsv" else ",")


def _lines(text: str) -> list[tuple[int, str]]:
    numbered = enumerate(text.split("\n"), start=1)  # not splitlines: U+2028 may stand in a text
    return [(number, line) for number, line in numbered if line.strip()]


def _row(line: str, what: str, name: str, number: int) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(
            f"The {what} file {name} does not parse as JSON Lines: line {number}: {error}."
        ) from error
    if row is None:
        return {"messages": None}
    if not isinstance(row, dict):
        raise UserError(f"The {what} file {name}: line {number} is not a JSON object.")
    return row


def _whole(text: str, what: str, name: str) -> list[Row]:
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"The {what} file {name} does not parse as JSON: {error}.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"The {what} file {name} must hold a JSON list of objects.")
    return rows


def _table(text: str, delimiter: str) -> list[Row]:
    """Rows of a table; a cell that is JSON (messages, tools) becomes what it says."""
    rows: list[Row] = []
    for record in csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter):
        rows.append({name: _cell(value) for name, value in record.items()})
    return rows


def _cell(value: str | None) -> Any:
    try:
        return json.loads(value or "null")
    except json.JSONDecodeError:
        return value


def _parquet(path: Path, what: str) -> list[Row]:
    from pyarrow import parquet  # type: ignore[import-untyped]  # heavy, rarely asked for

    try:
        table = parquet.read_table(path)
    except Exception as error:
        raise UserError(f"The {what} file {path.name} is not parquet: {error}.") from error
    rows: list[Row] = table.to_pylist()
    return rows
