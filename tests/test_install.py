"""Environments are made by a real uv, from a real index on a real socket, or by pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pip
import pytest

from harness import install
from harness.install import Environment
from tests.sdk.package_index import Wheel, served

PIN = "torch==2.13.0"
CUDA = Wheel("torch", "2.13.0", {"torch.py": ""}, requires=["nvidia-cublas"])
CPU = Wheel("torch", "2.13.0+cpu", {"torch.py": ""})
INDEX = (CUDA, Wheel("nvidia-cublas", "13.1", {}), Wheel("six", "1.17", {"six.py": ""}))
CLOSED = "http://127.0.0.1:9"  # the discard port: nobody listens


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """pip is set to an index of this test's own; nothing else of the machine's can be reached."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, CLOSED)  # PyTorch's own index
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with served(INDEX) as address:
        monkeypatch.setenv("PIP_INDEX_URL", address)
        yield address


@pytest.fixture
def environment(tmp_path: Path, index: str) -> Environment:
    """An environment that has uv and pip, and nothing else yet, its path with a space."""
    folder = tmp_path / "an environment"
    program = Path(sys.prefix) / "bin" / "uv"
    subprocess.run([program, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    (folder / "bin" / "uv").symlink_to(program)
    packages = next(folder.glob("lib/*/site-packages"))
    (packages / "pip").symlink_to(Path(pip.__file__).parent)
    pins = tmp_path / "pins.txt"
    pins.write_text(f"# what this environment holds\n{PIN}\nuvicorn==1\nsix==1.17\n")
    return Environment(folder, "twin", pins)


def contents(environment: Environment) -> set[str]:
    """Name and version of what is installed."""
    return {path.stem for path in environment.folder.rglob("*.dist-info")}


def test_the_cpu_build_is_taken_from_a_local_folder(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel in a folder that pip is set to wins over the index's, with CUDA."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / CPU.file).write_bytes(CPU.content)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))

    install.install_torch(environment, PIN, "cpu")

    assert contents(environment) == {"torch-2.13.0+cpu"}


def test_without_a_cpu_build_the_size_of_the_other_is_announced(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where PyTorch's own index cannot be reached, CUDA's build comes, and its size is said."""
    install.install_torch(environment, PIN, "cpu")

    assert contents(environment) == {"torch-2.13.0", "nvidia_cublas-13.1"}
    assert "2.7 GB to fetch, 5.7 GB on disk" in capsys.readouterr().err


def test_cuda_is_taken_when_asked_for(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A local wheel for CPUs does not stand in for it."""
    (tmp_path / CPU.file).write_bytes(CPU.content)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    install.install_torch(environment, PIN, "cuda")

    assert contents(environment) == {"torch-2.13.0", "nvidia_cublas-13.1"}


def test_pip_installs_where_uv_cannot(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A uv that fails is no end: the same pins by pip."""
    uv = environment.folder / "bin" / "uv"
    uv.unlink()
    uv.write_text("#!/bin/sh\nexit 2\n")
    uv.chmod(0o755)

    install.install_packages(environment, ["six"])

    assert contents(environment) == {"six-1.17"}
    assert "trying pip" in capsys.readouterr().err


@pytest.fixture
def no_uv(environment: Environment) -> None:
    """An index may have no uv for this machine."""
    (environment.folder / "bin" / "uv").unlink()


@pytest.mark.usefixtures("no_uv")
def test_pip_alone_makes_an_environment(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch for CPUs from a local folder, a package, and the check of both."""
    (tmp_path / CPU.file).write_bytes(CPU.content)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    install.install_torch(environment, PIN, "cpu")
    install.install_packages(environment, ["six"])
    install.check_packages(environment)

    assert contents(environment) == {"torch-2.13.0+cpu", "six-1.17"}


@pytest.mark.usefixtures("no_uv")
def test_packages_that_do_not_fit_together_are_an_error(environment: Environment) -> None:
    """By pip's check where uv cannot look."""
    install.install_packages(environment, ["torch"])
    for info in environment.folder.rglob("nvidia_cublas-*.dist-info"):
        shutil.rmtree(info)

    with pytest.raises(install.InstallError, match=r"Next: .*pip check"):
        install.check_packages(environment)


def test_settings_are_read_from_a_pip_that_is_told_to_be_quiet(
    index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a company's index would be lost."""
    monkeypatch.setenv("PIP_QUIET", "2")

    assert install.pip_settings(sys.executable)["index-url"] == index


def test_a_folder_of_something_else_is_never_emptied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip of the hand must not cost anybody their files."""
    (tmp_path / "thesis").touch()

    code = install.main([str(tmp_path), "light", "--pins", "constraints/light.txt"])

    assert code == 1
    assert f"{tmp_path} is not an environment" in capsys.readouterr().err
    assert (tmp_path / "thesis").exists()


def test_what_neither_can_install_is_one_error(environment: Environment) -> None:
    """It ends in the command that failed, to be typed again."""
    with pytest.raises(install.InstallError, match=r"Next: .*pip install .*no-such-package"):
        install.install_packages(environment, ["no-such-package"])


def test_a_file_of_pips_settings_counts(
    environment: Environment,
    index: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An index that only pip.conf names is used by uv; a missing folder is no error."""
    monkeypatch.delenv("PIP_INDEX_URL")
    file = tmp_path / "pip.conf"
    file.write_text(f"[global]\nindex-url = {index}\nfind-links = /no/such/folder\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))

    install.install_packages(environment, ["six"])

    assert contents(environment) == {"six-1.17"}
    assert "trying pip" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "variables", "result"),
    [
        ({"cert": "/ca.pem"}, {}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"cert": "/ca.pem"}, {"SSL_CERT_FILE": "/mine.pem"}, {"SSL_CERT_FILE": "/mine.pem"}),
        ({"cert": "/ca.pem"}, {"REQUESTS_CA_BUNDLE": "/other"}, {"SSL_CERT_FILE": "/ca.pem"}),
        ({"cert": os.curdir}, {}, {"SSL_CERT_DIR": os.curdir}),
        ({}, {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "/b"}, {"SSL_CERT_FILE": "/b"}),
        ({"find-links": f"{os.curdir} {os.pardir}"}, {}, {"UV_FIND_LINKS": ".,.."}),
        ({}, {"UV_SYSTEM_CERTS": "0"}, {"UV_SYSTEM_CERTS": "0"}),
        ({}, {}, {"UV_SYSTEM_CERTS": "1"}),
        ({"extra-index-url": "\nfile:///no/such https://a/b"}, {}, {"UV_INDEX": "https://a/b"}),
        ({"trusted-host": "a b"}, {}, {"UV_INSECURE_HOST": "a b"}),
        ({"timeout": "3"}, {"PATH": "/bin"}, {"PATH": "/bin"}),
    ],
)
def test_settings_of_pip_become_those_of_uv(
    settings: Mapping[str, str], variables: Mapping[str, str], result: Mapping[str, str]
) -> None:
    """Certificate, index and hosts; what the user has set for uv wins."""
    assert install.uv_environment(variables, settings).items() >= result.items()


def test_another_python_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """The message names the version that is needed and how to point make to it."""
    other = "import sys; sys.version_info = (3, 9, 1); from harness.install import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[1:] = {_arguments(tmp_path)!r}; {other}"],
        cwd=install.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "not 3.11.\nNext: install Python 3.11 with venv" in done.stderr
    assert not (tmp_path / "made").exists()


def test_a_python_without_venv_is_refused(tmp_path: Path) -> None:
    """Debian ships venv apart; the message names its package."""
    (tmp_path / "ensurepip.py").write_text("raise ImportError(name='ensurepip')")
    done = subprocess.run(
        [sys.executable, "-m", "harness.install", *_arguments(tmp_path)],
        cwd=install.ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.endswith("Next: sudo apt-get install python3.11-venv\n")
    assert not (tmp_path / "made").exists()


def _arguments(folder: Path) -> list[str]:
    return [str(folder / "made"), "light", "--pins", "constraints/light.txt"]
