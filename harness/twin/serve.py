"""A twin as a process: TLS port, CONNECT proxy and identity endpoint in one asyncio loop.

All ports are free ones of 127.0.0.1. What a client needs to know is one JSON file (`Ready`),
written when everything answers.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import trustme
import uvicorn
from starlette.applications import Starlette

from harness.twin import app, base_model
from harness.twin.blob_store import BlobStore
from harness.twin.engine.runner import Runner
from harness.twin.faults import Fault, parse
from harness.twin.faults_at_work import Faults
from harness.twin.folder import held
from harness.twin.lifecycle import Operations
from harness.twin.serving.instances import Instances
from harness.twin.settings import Settings
from harness.twin.state import Twin
from harness.twin.store import Store
from harness.twin.tunnels import Tunnels
from harness.twin.warm import Warm

UNSET = (  # variables of the shell that would lead a client past the twin
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "IMDS_ENDPOINT",
    "IDENTITY_SERVER_THUMBPRINT",
    "DEFAULT_IDENTITY_CLIENT_ID",
    "AZUREML_CURRENT_CLOUD",
    "AZUREML_DEV_URL_MFE",
    "ARM_CLOUD_METADATA_URL",
    "REGISTRY_DISCOVERY_ENDPOINT_URL",
    "SSL_CERT_DIR",
    "ALL_PROXY",
    "all_proxy",
)
_CLOSING = 1.5  # seconds that jobs and deployments get to end


@dataclass(frozen=True)
class Ready:
    """What leads a client to a running twin: set `env`, drop `unset`."""

    pid: int
    env: dict[str, str]
    unset: list[str]
    proxy: str
    ca: str
    state: str

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all; readable by the owner only, for a secret is in it."""
        draft = path.with_name(f".{path.name}.{self.pid}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(self), file, indent=1)
        draft.replace(path)

    def shell(self) -> str:
        """The same as lines for a shell."""
        lines = [f"unset {' '.join(self.unset)}"]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.env.items()]
        return "\n".join(lines)


@dataclass(frozen=True)
class Announce:
    """Where a twin says how to reach it: a file, and its output unless `quiet`."""

    file: Path | None
    quiet: bool

    def say(self, twin: Twin, ready: Ready) -> None:
        """Print, then write the file: whoever waits for it may read on."""
        settings = twin.settings
        exports = f"# Paste this into the shell of a client:\n{ready.shell()}\n"
        sys.stdout.write(
            f"# A twin of Azure ML: workspace {settings.workspace}, era {settings.era}, pace "
            f"{settings.pace}, state {ready.state}, pid {ready.pid}. Stop it with Ctrl-C.\n"
            f"{'' if self.quiet else exports}"
        )
        sys.stdout.flush()
        if self.file:
            ready.write(self.file)

    def take_back(self) -> None:
        """Nobody is to be led to a twin that has ended."""
        if self.file:
            self.file.unlink(missing_ok=True)


def serve(
    settings: Settings,
    *,
    ready_file: Path | None = None,
    idle_exit: float | None = None,
    verbose: bool = False,
    quiet: bool = False,
    lazy: bool = False,
) -> None:
    """Run one twin until SIGINT or SIGTERM, or until nobody has asked for `idle_exit` seconds.

    Unless `quiet`, the exports are printed, and one of them is what buys tokens: a log that is
    kept should not have them. Unless `lazy`, torch and MLflow are imported beside the client's own
    imports, so that its first job finds them there; a lazy twin does so when a job or a deployment
    needs them, and one that gets neither never pays the 5 s of CPU.

    Raises WireError when a fault is misspelt, TargetError when another twin has the folder or it
    cannot be written.
    """
    wanted = parse(settings.faults)
    logging.getLogger("uvicorn.error").addFilter(_wanted)
    with held(settings.state), _assembled(settings, wanted, lazy) as twin:
        served = app.create(twin, verbose=verbose)
        asyncio.run(_run(twin, served, Announce(ready_file, quiet), idle_exit))


@contextmanager
def _assembled(settings: Settings, wanted: Iterable[Fault], lazy: bool) -> Iterator[Twin]:
    """The parts of a twin, put together; taken apart again whatever happens."""
    with ExitStack() as parts:
        faults = Faults(wanted, settings.state / "faults")
        store = Store(settings.state / "twin.sqlite")
        parts.callback(store.close)
        blobs = BlobStore(settings.state / "blobs", settings.workspace_id)
        parts.callback(blobs.close)
        base_model.publish(blobs)
        warm = Warm()
        parts.callback(warm.close)
        runner = Runner(settings, store, blobs, warm, faults)
        instances = Instances(settings, store, blobs, warm)
        parts.callback(_close, runner, instances)
        if not lazy:
            warm.start()
            runner.start()
        runner.recover()
        instances.recover()
        operations = Operations(settings, store, faults=faults)
        yield Twin(settings, store, blobs, warm, runner, instances, operations, faults)


def _close(runner: Runner, instances: Instances) -> None:
    """End what still runs, both at once, without waiting for ever."""
    deadline = time.monotonic() + _CLOSING
    closing = [threading.Thread(target=part.close, daemon=True) for part in (runner, instances)]
    for each in closing:
        each.start()
    for each in closing:
        each.join(max(0.0, deadline - time.monotonic()))


async def _run(twin: Twin, served: Starlette, announce: Announce, idle_exit: float | None) -> None:
    ca = _authority(twin.settings.state)
    front, back = _socket(), _socket()
    tls = _server(served, _context(ca, twin.settings.region))
    plain = _server(served)
    tunnels = Tunnels(front.getsockname()[1])
    twin.faults.cut = tunnels.cut
    running = [
        asyncio.create_task(tls.serve(sockets=[front])),
        asyncio.create_task(plain.serve(sockets=[back])),
    ]
    port = await tunnels.start()
    await _until_started(tls, plain)
    ready = _ready(twin, port, back.getsockname()[1])
    announce.say(twin, ready)
    await _until_told(tunnels, idle_exit)
    announce.take_back()
    tls.should_exit = plain.should_exit = True
    tunnels.close()
    await asyncio.gather(*running)


def _server(served: Starlette, context: ssl.SSLContext | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        served,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=3600,  # clients keep connections in pools; closing them first races
        timeout_graceful_shutdown=1,
    )
    config.load()
    config.ssl = context
    return uvicorn.Server(config)


def _authority(state: Path) -> trustme.CA:
    ca = trustme.CA(organization_name="Twin of Azure ML")
    ca.cert_pem.write_to_path(state / "ca.pem")
    return ca


def _context(ca: trustme.CA, region: str) -> ssl.SSLContext:
    """One certificate for every host; a wildcard stands for one label only."""
    leaf = ca.issue_cert(
        "management.azure.com",
        "login.microsoftonline.com",
        "*.api.azureml.ms",
        "*.experiments.azureml.net",
        "*.modelmanagement.azureml.net",
        "*.blob.core.windows.net",
        f"*.{region}.inference.ml.azure.com",
        "ml.azure.com",
        "localhost",
        "127.0.0.1",
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf.configure_cert(context)
    return context


def _socket() -> socket.socket:
    found = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms an answer
    found.bind(("127.0.0.1", 0))
    return found


def _ready(twin: Twin, proxy_port: int, identity_port: int) -> Ready:
    settings = twin.settings
    proxy, ca = f"http://127.0.0.1:{proxy_port}", str((settings.state / "ca.pem").resolve())
    here = "127.0.0.1,localhost"
    env = {
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), proxy),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), here),  # the identity endpoint is plain http
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), ca),
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{identity_port}/msi/token",
        "IDENTITY_HEADER": twin.identity.header,
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "AZURE_SUBSCRIPTION_ID": settings.subscription,
        "AZURE_RESOURCE_GROUP": settings.group,
        "AZURE_WORKSPACE_NAME": settings.workspace,
        "HARNESS_TWIN": str(settings.state.resolve()),  # a shell with these does not reach Azure
    }
    if settings.pace == "fast":
        env["AZUREML_RUN_POLLING_INTERVAL_MIN"] = "1"
    return Ready(os.getpid(), env, list(UNSET), proxy, ca, str(settings.state.resolve()))


async def _until_started(*servers: uvicorn.Server) -> None:
    while not all(server.started for server in servers):
        await asyncio.sleep(0.005)


async def _until_told(tunnels: Tunnels, idle_exit: float | None) -> None:
    """Wait for a signal, or for silence. uvicorn has taken the signals: take them back."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    while not told.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), None if idle_exit is None else 0.25)
        if idle_exit is not None and time.monotonic() - tunnels.last > idle_exit:
            return


def _wanted(record: logging.LogRecord) -> bool:
    """Breaking a connection is a fault at work, not an error of ours."""
    return not (record.exc_info and isinstance(record.exc_info[1], ConnectionAbortedError))
