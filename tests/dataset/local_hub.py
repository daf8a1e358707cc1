"""A hub on this machine: what huggingface_hub 2.4 and `datasets` 5.2 ask of one, over real HTTP.

The paths and headers are those of huggingface_hub's own client. Files are served as plain HTTP with
ranges; the hub's other way, xet, is switched off by HF_HUB_DISABLE_XET where this is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

REVISION = "c0ffee" + "0" * 34
_RESOLVED = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)")


@dataclass
class LocalHub:
    """One data set. `cuts`: how many bytes of a file come before the connection is closed, in turn.

    After its last cut a file is whole again; `None` instead of a number answers 503.
    `asked`: each request as (verb, file or path, where its range begins).
    """

    files: dict[str, bytes]
    cuts: dict[str, list[int | None]] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    url: str = ""

    def got(self, name: str) -> list[str]:
        """The ranges with which a file was asked for; "" is all of it."""
        return [begins for verb, path, begins in self.asked if (verb, path) == ("GET", name)]


@contextmanager
def serving(hub: LocalHub) -> Iterator[LocalHub]:
    """The hub at `url`, until the block ends."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: LocalHub

    def do_HEAD(self) -> None:  # http.server's name
        self._file(body=False)

    def do_GET(self) -> None:  # http.server's name
        if "/resolve/" in self.path:
            self._file(body=True)
        elif "/tree/" in self.path:
            self._json(self._tree(self.path.partition("?")[0].partition(f"{REVISION}/")[2]))
        elif self.path.startswith("/api/datasets/"):
            siblings = [{"rfilename": name} for name in self.hub.files]
            self._json({"id": "org/chats", "sha": REVISION, "siblings": siblings, "tags": []})
        else:
            self._note(self.path)
            self._answer(404, {})

    def do_POST(self) -> None:  # http.server's name
        """Which of some paths there are."""
        said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._json([self._entry(name) for name in self.hub.files if name in said])

    def _file(self, *, body: bool) -> None:
        found = _RESOLVED.match(self.path)
        name = found[2] if found else self.path
        begins = (self.headers["Range"] or "").removeprefix("bytes=").removesuffix("-")
        self._note(name, begins)
        data = self.hub.files.get(name)
        cuts = self.hub.cuts.get(name) or []
        length = cuts.pop(0) if body and cuts else 1 << 60
        if data is None or length is None:
            self._answer(503 if data else 404, {} if data else {"X-Error-Code": "EntryNotFound"})
            return
        rest = data[int(begins or 0) :]
        headers = {"ETag": f'"{_hash(data)}"', "X-Repo-Commit": REVISION}
        if begins:
            headers["Content-Range"] = f"bytes {begins}-{len(data) - 1}/{len(data)}"
        self._answer(206 if begins else 200, headers, len(rest))
        if body:
            self.wfile.write(rest[:length])
            self.close_connection = length < len(rest)

    def _json(self, value: object) -> None:
        self._note(self.path)
        data = json.dumps(value).encode()
        self._answer(200, {"Content-Type": "application/json"}, len(data))
        self.wfile.write(data)

    def _tree(self, folder: str) -> list[dict[str, object]]:
        """What lies right in a folder, "" for the topmost."""
        names = [name for name in self.hub.files if Path(name).parent == Path(folder)]
        inner = {Path(name).parts[0] for name in self.hub.files if "/" in name and not folder}
        found: list[dict[str, object]] = [
            {"type": "directory", "path": name, "size": 0, "oid": REVISION} for name in inner
        ]
        return found + [self._entry(name) for name in names]

    def _entry(self, name: str) -> dict[str, object]:
        data = self.hub.files[name]
        return {"type": "file", "path": name, "size": len(data), "oid": _hash(data)}

    def _answer(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(length)} | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _note(self, path: str, begins: str = "") -> None:
        self.hub.asked.append((self.command, path, begins))

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal; `asked` has it."""


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
