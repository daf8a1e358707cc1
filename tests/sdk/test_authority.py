"""An index behind a company's own certificate authority, and pip's settings: uv takes both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import SdkError
from harness.install import uv_environment
from harness.sdk import packages
from harness.targets.twin import twin_python
from tests.sdk.conftest import WHEELS
from tests.sdk.package_index import served

ROOT = Path(__file__).parents[2]
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"  # of Debian, Ubuntu, Alpine and Arch


@dataclass(frozen=True)
class Company:
    """Its index, and the certificate of the authority that only it trusts."""

    index: str
    authority: Path


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """An index by HTTPS, its certificate signed by an authority that no system knows."""
    folder = tmp_path_factory.mktemp("company's own ä")
    issue = [str(twin_python()), "-m", "trustme", "-q", "-d", str(folder), "-i", "127.0.0.1"]
    subprocess.run(issue, check=True)
    both = folder / "both.pem"
    both.write_text((folder / "server.key").read_text() + (folder / "server.pem").read_text())
    with served(WHEELS, both) as address:
        yield Company(address, folder / "client.pem")


@pytest.fixture(autouse=True)
def _untold(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing names a certificate or an index but the test."""
    for name in (
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "setting", ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
)
def test_uv_trusts_whom_pip_trusts(
    company: Company, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever variable names the authority: a real uv resolves from that index."""
    monkeypatch.setenv("PIP_INDEX_URL", company.index)
    monkeypatch.setenv(setting, str(company.authority))

    assert packages.resolved(["six"]) == ("six==1.17",)


def test_uv_trusts_whom_the_system_trusts(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority that the administrator has installed, and no variable names.

    Where this machine lets nobody but root change what the system trusts, not even in a namespace
    of one's own: uv is at least told to look there.
    """
    monkeypatch.setenv("PIP_INDEX_URL", company.index)
    resolve = "from harness.sdk import packages; print(*packages.resolved(['six']))"
    trusting = ["unshare", "-rm", "sh", "-c", f'mount --bind "$0" {SYSTEM} && exec "$@"']
    trusting.append(str(company.authority))
    if shutil.which("unshare") and subprocess.run([*trusting, "true"], check=False).returncode == 0:
        command = [*trusting, sys.executable, "-c", resolve]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.stdout == "six==1.17\n", done.stderr
    assert uv_environment({}, {})["UV_SYSTEM_CERTS"] == "1"


def test_nobody_else_is_trusted(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the authority there is no answer, and the message has the command to try again."""
    monkeypatch.setenv("PIP_INDEX_URL", company.index)

    with pytest.raises(SdkError, match=r"(?s)certificate.*Next: .*uv'? pip compile"):
        packages.resolved(["six"])


def test_a_host_that_pip_trusts_needs_no_certificate(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PIP_TRUSTED_HOST` switches the certificate off for uv as well."""
    monkeypatch.setenv("PIP_INDEX_URL", company.index)
    monkeypatch.setenv("PIP_TRUSTED_HOST", "127.0.0.1 localhost")

    assert packages.resolved(["six"]) == ("six==1.17",)


def test_pips_other_places_are_looked_in(
    company: Company, index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second index, and folders of wheels."""
    (six,) = (wheel for wheel in WHEELS if wheel.name == "six")
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / six.file).write_bytes(six.content)
    (tmp_path / "none").mkdir()
    with served([]) as empty:
        monkeypatch.setenv("PIP_INDEX_URL", empty)
        monkeypatch.setenv("PIP_FIND_LINKS", f"{tmp_path / 'none'} {tmp_path / 'wheels'}")
        assert packages.resolved(["six"]) == ("six==1.17",)
        monkeypatch.setenv("PIP_EXTRA_INDEX_URL", index)
        assert packages.resolved(["marshmallow"]) == ("marshmallow==4.0",)


def test_what_uv_was_told_itself_comes_first(
    company: Company, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own variables win over pip's."""
    monkeypatch.setenv("PIP_INDEX_URL", company.index)
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)

    assert packages.resolved(["six"]) == ("six==1.17",)
