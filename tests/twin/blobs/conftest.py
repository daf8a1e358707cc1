"""A blob service in a process of its own, behind TLS, and the real storage client beside it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme

HERE = Path(__file__).parent
REPO = HERE.parents[2]
SECRET = secrets.token_hex(32)


@dataclass(frozen=True)
class Service:
    """A running blob service."""

    port: int
    pid: int
    root: Path
    ca: Path
    secret: str  # what tokens for it are signed with

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem and server.pem for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificate")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    return folder


@pytest.fixture(scope="session")
def serve(certificate: Path) -> Iterator[Callable[..., Service]]:
    """Start services: serve(root, file_limit=bytes)."""
    started: list[subprocess.Popen[str]] = []

    def start(root: Path, file_limit: int = 0) -> Service:
        report = root.with_name(f"{root.name}.port")
        command = [sys.executable, HERE / "blob_service.py", root, certificate, str(file_limit)]
        environment = _environment() | {"TOKEN_SECRET": SECRET}
        process = subprocess.Popen([*command, report], cwd=REPO, env=environment)
        started.append(process)
        while not report.exists():
            assert process.poll() is None, "the blob service ended"
            time.sleep(0.02)
        port = int(report.read_text())
        return Service(port, process.pid, root, certificate / "ca.pem", SECRET)

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def service(serve: Callable[..., Service], tmp_path_factory: pytest.TempPathFactory) -> Service:
    """One service for tests that do not mind the others' blobs."""
    return serve(tmp_path_factory.mktemp("blobs"))


@pytest.fixture(scope="session")
def with_sdk() -> Callable[..., Any]:
    """Run one scenario of sdk_scenarios.py with the SDK's Python: with_sdk(name, service, ...)."""
    python = REPO / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"no {python}: the storage client lives there; build it with `make test`")

    def run(name: str, service: Service, **arguments: Any) -> Any:
        key = (service.root / ".meta" / "account.key").read_text()
        report = service.root.with_name(f"{service.root.name}.json")
        asked = {"name": name, "url": service.url, "ca": str(service.ca), "key": key}
        command = [python, HERE / "sdk_scenarios.py", json.dumps(asked | {"more": arguments})]
        command += [report]
        done = subprocess.run(
            command, capture_output=True, text=True, env=_environment(), timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(report.read_text())

    return run


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1"}
