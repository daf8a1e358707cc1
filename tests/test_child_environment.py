"""What a child process takes over of the user's shell."""

from __future__ import annotations

import pytest

from harness.child_environment import (
    TWIN,
    exempt_loopback,
    select,
    twin_environment,
    watchdog_environment,
)

FOREIGN = (
    *("PYTHONPATH", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONHASHSEED", "PYTHONUNBUFFERED"),
    *("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    *("HF_HOME", "OTEL_SDK", "GUNICORN_CMD_ARGS", "WEB_CONCURRENCY", "PYTEST_ADDOPTS"),
    *("RUNNER_TRACKING_ID", "BUILD_ID", "JENKINS_NODE_COOKIE"),
)
AZURE = (
    *("AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_SECRET"),
    *("IMDS_ENDPOINT", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_ACCESSTOKEN", "XDG_CONFIG_HOME"),
    *("HTTPS_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE", "HARNESS_PRICES_URL"),
)
SHELL = dict.fromkeys([*FOREIGN, *AZURE, "PATH", "HOME", "LC_ALL", "CUDA_VISIBLE_DEVICES"], "x")


def test_the_twin_takes_over_this_machine_and_nothing_else() -> None:
    """Neither another program's settings nor the way to Azure."""
    names = {"PATH", "HOME", "LC_ALL", "CUDA_VISIBLE_DEVICES", "NO_PROXY", "no_proxy"}

    assert set(twin_environment(SHELL)) == names


def test_the_watchdog_takes_over_the_way_to_azure_as_well() -> None:
    """Credentials and proxy, but not the marks by which a CI runner ends what it finds."""
    names = {*AZURE, "PATH", "HOME", "LC_ALL", "NO_PROXY", "no_proxy"}

    assert set(watchdog_environment(SHELL)) == names


def test_a_name_is_matched_whole_and_with_its_case() -> None:
    """`PATH` is not `PYTHONPATH`, and `path` is another variable."""
    assert select(TWIN, {"PYTHONPATH": "x", "path": "x", "HOMEBREW_PREFIX": "x"}) == {}


@pytest.mark.parametrize(
    ("shell", "hosts"),
    [
        ({"HTTPS_PROXY": "p"}, "127.0.0.1,localhost,::1"),
        ({"all_proxy": "p", "no_proxy": "a.com, 127.0.0.1"}, "a.com,127.0.0.1,localhost,::1"),
        ({"Http_Proxy": "p", "NO_PROXY": "b.com", "no_proxy": ""}, "b.com,127.0.0.1,localhost,::1"),
    ],
)
def test_loopback_is_added_to_what_the_user_exempts(shell: dict[str, str], hosts: str) -> None:
    """In both spellings: programs differ in which one they read first."""
    assert exempt_loopback(shell) == {"NO_PROXY": hosts, "no_proxy": hosts}


@pytest.mark.parametrize("shell", [{}, {"NO_PROXY": "a"}, {"HTTP_PROXY": "p", "no_proxy": "*"}])
def test_without_a_proxy_nothing_is_set(shell: dict[str, str]) -> None:
    """A NO_PROXY of ours would make Python ignore the proxies of the system's settings (macOS)."""
    assert exempt_loopback(shell) == {}
