"""State of the twin: JSON documents in SQLite.

It outlives a killed client and is easy to look into.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

Document = dict[str, Any]

_TABLE = """
CREATE TABLE IF NOT EXISTS document (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key  TEXT NOT NULL COLLATE NOCASE,
    body TEXT NOT NULL,
    UNIQUE (kind, key)
)
"""


class Store:
    """Documents by kind and key; keys compare without case, as resource names do on Azure.

    Kinds in use: compute, job, run, model, endpoint, deployment, operation.
    A key is the resource's name, with its parents' in front: `endpoint/deployment`, `name/version`.
    Safe to use from many threads.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.chmod(0o600)  # keys of endpoints are in it; SQLite gives its other files this mode
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(_TABLE)

    def get(self, kind: str, key: str) -> Document | None:
        """A copy of the document, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT body FROM document WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, key: str, body: Document) -> None:
        """Write the document, new or changed; a changed one keeps its place in `list`."""
        with self._lock:
            self._db.execute(
                "INSERT INTO document (kind, key, body) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
                (kind, key, json.dumps(body)),
            )

    def update(self, kind: str, key: str, **changes: Any) -> Document | None:
        """Change top-level fields of a document in one stroke; None when it is gone."""
        with self._lock:
            body = self.get(kind, key)
            if body is not None:
                body |= changes
                self.put(kind, key, body)
        return body

    def delete(self, kind: str, key: str) -> bool:
        """Remove the document; whether there was one."""
        with self._lock:
            done = self._db.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))
        return done.rowcount > 0

    def list(self, kind: str, prefix: str = "") -> list[Document]:
        """Copies of all documents of a kind whose key starts with prefix, oldest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT body FROM document WHERE kind = ? AND substr(key, 1, ?) = ? "
                "COLLATE NOCASE ORDER BY seq",
                (kind, len(prefix), prefix),
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def close(self) -> None:
        """Close the file; the documents stay."""
        with self._lock:
            self._db.close()
