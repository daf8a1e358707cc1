"""Serve the blob routes alone: blob_service.py ROOT CERTIFICATES FILE_LIMIT PORT.

PORT is the file that it writes its port to.

TOKEN_SECRET in the environment is what the tokens it accepts are signed with.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import uvicorn
from starlette.applications import Starlette

from harness.twin.blob_store import BlobStore
from harness.twin.identity import Identity
from harness.twin.routes import blobs


def main(root: Path, certificates: Path, file_limit: int, port: Path) -> None:
    """Listen on a free port until killed. A file limit in bytes stands in for a small disk."""
    if file_limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    app = Starlette(routes=[route for _, route in blobs.routes])
    identity = Identity(secret=os.environ["TOKEN_SECRET"])
    app.state.twin = SimpleNamespace(blobs=BlobStore(root), identity=identity)
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY on no other
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # who reads the port may come before uvicorn serves
    draft = port.with_suffix(".part")
    draft.write_text(str(listener.getsockname()[1]))
    draft.replace(port)
    config = uvicorn.Config(
        app,
        ssl_certfile=certificates / "server.pem",
        log_level="warning",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
