"""What a plain file cannot say about its blob: metadata, content type, MD5, block list."""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

_TABLE = """
CREATE TABLE IF NOT EXISTS record (
    container TEXT NOT NULL,
    name      TEXT NOT NULL,
    odd       INTEGER NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (container, name)
)
"""


@dataclass(frozen=True)
class Record:
    """Facts about the content a blob had when `stamp` was its file's."""

    stamp: tuple[int, int] = (0, 0)  # mtime in ns, size in bytes
    md5: str | None = None  # Base64; None: the blob has none, as after a block list
    content_type: str = "application/octet-stream"
    metadata: dict[str, str] = field(default_factory=dict)
    blocks: list[tuple[str, int]] = field(default_factory=list)  # committed: id, bytes
    odd: bool = False  # the name cannot be a path, so the file lies elsewhere


class Records:
    """Records by container and blob name. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # a lost record only costs metadata
        self._db.execute(_TABLE)

    def get(self, container: str, name: str) -> Record | None:
        """The record, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM record WHERE container = ? AND name = ?",
                (container, name),
            ).fetchone()
        return _read(row[0]) if row else None

    def put(self, container: str, name: str, record: Record) -> None:
        """Write the record."""
        body = json.dumps(asdict(record))
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)",
                (container, name, record.odd, body),
            )

    def delete(self, container: str, name: str) -> None:
        """Forget the record, if there is one."""
        with self._lock:
            self._db.execute(
                "DELETE FROM record WHERE container = ? AND name = ?", (container, name)
            )

    def odd_names(self, container: str) -> list[str]:
        """The names of this container's blobs that do not lie under their own name."""
        with self._lock:
            rows = self._db.execute(
                "SELECT name FROM record WHERE container = ? AND odd", (container,)
            ).fetchall()
        return [row[0] for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()


def _read(body: str) -> Record:
    fields = json.loads(body)
    fields["stamp"] = tuple(fields["stamp"])
    fields["blocks"] = [(block, size) for block, size in fields["blocks"]]
    return Record(**fields)
