"""A package index of a test's own: tiny wheels made on the spot, served with their days."""

from __future__ import annotations

import hashlib
import io
import json
import ssl
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class Wheel:
    """One release: its files by path, what it requires, the day it came."""

    name: str
    version: str
    files: Mapping[str, str]
    requires: Sequence[str] = ()
    day: str = "2024-01-01"
    content: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", self._zipped())

    @property
    def file(self) -> str:
        """Its file name."""
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"

    def listed(self) -> dict[str, object]:
        """As an index lists it."""
        return {
            "filename": self.file,
            "url": f"/files/{self.file}",
            "hashes": {"sha256": hashlib.sha256(self.content).hexdigest()},
            "size": len(self.content),
            "upload-time": f"{self.day}T12:00:00Z",
        }

    def _zipped(self) -> bytes:
        info = f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        requires = "".join(f"Requires-Dist: {each}\n" for each in self.requires)
        about = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n{requires}"
        files = {
            **self.files,
            f"{info}/METADATA": about,
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for path, text in {**files, f"{info}/RECORD": record}.items():
                archive.writestr(path, text)
        return buffer.getvalue()


@contextmanager
def served(wheels: Sequence[Wheel], certificate: Path | None = None) -> Iterator[str]:
    """The address of an index that has these and nothing else; with a certificate, by HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _, name = self.path.strip("/").partition("/")
            if kind == "simple":
                mine = [wheel for wheel in wheels if wheel.name == name]
                told = {
                    "meta": {"api-version": "1.1"},
                    "name": name,
                    "versions": [wheel.version for wheel in mine],
                    "files": [wheel.listed() for wheel in mine],
                }
                body = json.dumps(told).encode() if mine else b""
                return self._answer(body, "application/vnd.pypi.simple.v1+json")
            body = next((wheel.content for wheel in wheels if wheel.file == name), b"")
            return self._answer(body, "application/octet-stream")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  # asked for the size before the file

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
