"""The environment of our own child processes: what they need of the user's shell, nothing else.

A shell is full of settings for other programs (proxies, PYTHONPATH, MLFLOW_TRACKING_URI,
OMP_NUM_THREADS). They would change what a job trains, lead it to somebody else's server, or keep
the twin from starting. So a child starts from one of the lists below, and whoever starts it adds
what plan and target say. A run's own process is the user's, and keeps the user's environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Group:
    """Variables that a child takes over, and why; `*` stands for any ending."""

    names: tuple[str, ...]
    reason: str


MACHINE = Group(
    ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TEMP", "TMP", "TZ", "XDG_RUNTIME_DIR"),
    "where programs, the user's files and temporary files are on this machine, and its time zone",
)
LANGUAGE = Group(("LANG", "LANGUAGE", "LC_*"), "how file names and text are encoded")
LIBRARIES = Group(
    ("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"),
    "the same shared libraries as this process: an interpreter may not even start without them",
)
GPU = Group(("CUDA_*", "NVIDIA_*"), "which GPUs there are, for the profiles that train on one")
TWIN_SETTINGS = Group(("HARNESS_TWIN_LAZY",), "the one option of a twin that is a variable as well")
SIGN_IN = Group(
    (
        *("AZURE_*", "AZUREML_*", "AZD_*", "ARM_*", "REGISTRY_DISCOVERY_ENDPOINT_URL"),
        *("IDENTITY_*", "MSI_*", "IMDS_*", "OBO_*", "DEFAULT_IDENTITY_CLIENT_ID"),
        *("ACTIONS_ID_TOKEN_REQUEST_*", "SYSTEM_*"),  # GitHub's and Azure Pipelines' own sign-in
    ),
    "a credential, a cloud and a workspace, as azure-identity reads them",
)
SIGN_IN_TOOLS = Group(
    ("XDG_*", "DBUS_SESSION_BUS_ADDRESS", "PSModulePath", "DOTNET_ROOT", "WSL*"),
    "az, azd and PowerShell with their caches and keyrings; az of Windows when called from Linux",
)
NETWORK = Group(
    (
        *("*_PROXY", "*_proxy"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF"),
    ),
    "the way to Azure: a company's proxy and its certificate authority",
)
PRICES = Group(("HARNESS_PRICES", "HARNESS_PRICES_URL"), "what the rest of the run counts with")

TWIN = (MACHINE, LANGUAGE, LIBRARIES, GPU, TWIN_SETTINGS)
# Not in this list either: the marks by which a CI runner ends what a job leaves behind
# (RUNNER_TRACKING_ID, BUILD_ID, VSTS_PROCESS_LOOKUP_ID): the watchdog is to outlive the run.
WATCHDOG = (MACHINE, LANGUAGE, LIBRARIES, SIGN_IN, SIGN_IN_TOOLS, NETWORK, PRICES)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def twin_environment(shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of the twin and all it starts: jobs, deployments, the tracking server.

    They ask this machine only. NO_PROXY also keeps a system's proxy settings (macOS) out.
    """
    loopback = ",".join(LOOPBACK)
    return {**select(TWIN, shell), "NO_PROXY": loopback, "no_proxy": loopback}


def watchdog_environment(shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of the watchdog and its sweep, which sign in and ask Azure as the run did."""
    environment = select(WATCHDOG, shell)
    return environment | exempt_loopback(environment)


def select(groups: tuple[Group, ...], shell: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of these groups, out of `shell` (this process's environment)."""
    patterns = [name for group in groups for name in group.names]
    return {
        name: value
        for name, value in (os.environ if shell is None else shell).items()
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def exempt_loopback(shell: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY as it is there and loopback besides; nothing where no proxy is set.

    (Where only the system has proxies, any NO_PROXY would make Python ignore those.)
    """
    if not any(name.lower().endswith("_proxy") and name.lower() != "no_proxy" for name in shell):
        return {}
    hosts = (shell.get("no_proxy") or shell.get("NO_PROXY") or "").replace(" ", "")
    if hosts == "*":
        return {}
    merged = ",".join(dict.fromkeys([*filter(None, hosts.split(",")), *LOOPBACK]))
    return {"NO_PROXY": merged, "no_proxy": merged}
