"""`python -m harness.install FOLDER EXTRAS`: make one environment of the project, from nothing.

Runs under any Python of a supported version, before anything is installed, so it imports only the
standard library. uv installs (four to six times faster than pip); where uv cannot, pip does, from
the same pins. uv does not read pip's settings: index, certificate and the like are passed on to it.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

ROOT = Path(__file__).resolve().parents[1]
PYTHON = (3, 11)
CUDA = "with CUDA it is 2.7 GB to fetch, 5.7 GB on disk"  # wheels of torch 2.13.0, Linux x86_64
Torch = Literal["cpu", "cuda", "auto"]

PIP_SETTINGS = {  # setting of pip -> variable of uv (https://docs.astral.sh/uv/reference/environment)
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
}
LOCATIONS = ("index-url", "extra-index-url", "find-links")  # pip steps over a missing folder
SEPARATORS = {"UV_FIND_LINKS": ","}  # of lists; all others by blanks, as pip's
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # pip looks there when it has no `cert`
UV_DEFAULTS = {
    "UV_SYSTEM_CERTS": "1",  # a company's own certificate authority is in the system's store
    "UV_INDEX_STRATEGY": "unsafe-best-match",  # all indexes are equal, as they are for pip
}
OTHER_PLACES = (  # lead uv or pip to another environment than the one named
    *("VIRTUAL_ENV", "PYTHONPATH"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON"),
)


class InstallError(Exception):
    """An environment that could not be made; the message says why, and what to type next."""


@dataclass(frozen=True)
class Environment:
    """A folder, the extras of pyproject.toml that go in, and the file that pins everything."""

    folder: Path
    extras: str
    pins: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def pin(self, package: str) -> str | None:
        """`package==version` as pinned, None where the file does not name the package."""
        lines = self.pins.read_text(encoding="utf-8").splitlines()
        return next((line for line in lines if line.startswith(f"{package}==")), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the environment; 1 and one message when it cannot be made."""
    options = _parser().parse_args(arguments)
    environment = Environment(options.folder.resolve(), options.extras, options.pins.resolve())
    start = time.monotonic()
    try:
        install(environment, options.torch)
    except InstallError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say(f"{environment.folder}: interrupted. Next: the same command, which begins anew")
        return 130
    _say(f"{environment.folder}: ready after {time.monotonic() - start:.0f} s")
    return 0


def install(environment: Environment, torch: Torch) -> None:
    """Make the environment anew, from its pins. Raises InstallError."""
    _check_python()
    _check_folder(environment.folder)
    rmtree(environment.folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(environment.folder)], "making the folder")
    if not _succeeds(_pip_install(environment, [environment.pin("uv") or "uv"])):
        _say(f"{environment.folder}: there is no uv for this machine, so pip installs all")
    if pin := environment.pin("torch"):
        install_torch(environment, pin, torch)
    _say(f"{environment.folder}: fetching and installing what {environment.pins} pins")
    install_packages(environment, ["--editable", f".[{environment.extras}]"])
    check_packages(environment)


def install_torch(environment: Environment, pin: str, torch: Torch) -> None:
    """The build for CPUs unless another is asked for.

    On Linux the package index has the CUDA build under the same name. A local folder of wheels or
    a company's index may have the CPU build; else it comes from PyTorch's own index. Raises
    InstallError.
    """
    brings_cuda = _brings_cuda(environment, pin) if torch == "cpu" else True
    if not brings_cuda:
        build = "build for CPUs" if brings_cuda is False else f"whose build uv cannot tell; {CUDA}"
        _say(f"{environment.folder}: {pin}, {build}")
        install_packages(environment, [pin])
        return
    if torch != "cuda":
        _say(f"{environment.folder}: {pin}, build `{torch}`, from PyTorch's own index")
        command = [*_uv_install(environment), *_constraint(environment)]
        if _succeeds([*command, "--torch-backend", torch, pin], _variables(environment)):
            return
        _say(
            f"{environment.folder}: PyTorch's own index has not given it (see above), so torch "
            f"comes from the package index; {CUDA}. It works the same."
        )
    install_packages(environment, [pin], without=["UV_FIND_LINKS", "PIP_FIND_LINKS"])


def install_packages(
    environment: Environment, requirements: Sequence[str], without: Sequence[str] = ()
) -> None:
    """By uv, else by pip, from the same pins; `without` names variables to leave out.

    Raises InstallError when neither can.
    """
    arguments = [*_constraint(environment), *requirements]
    variables = _variables(environment)
    for name in without:
        variables.pop(name, None)
    if not _succeeds([*_uv_install(environment), *arguments], variables):
        _say(f"{environment.folder}: uv could not install this, trying pip, which takes longer")
        what = "installing by pip (PIP_INDEX_URL, PIP_CERT and HTTPS_PROXY lead to its index)"
        _run(_pip_install(environment, arguments), what, variables)


def check_packages(environment: Environment) -> None:
    """What is installed fits together. Raises InstallError."""
    if not _succeeds([*_uv(environment), "pip", "check", *_target(environment)]):
        _run([str(environment.python), "-m", "pip", "check"], "checking the packages")


def uv_environment(variables: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """These variables, with uv's own for what pip is set to, and our defaults; theirs win.

    `settings` are pip's, by name as in PIP_SETTINGS.
    """
    shell = {name: value for name, value in variables.items() if name not in OTHER_PLACES}
    translation = {}
    for name, variable in PIP_SETTINGS.items():
        words = settings.get(name, "").split()
        words = [word for word in words if name not in LOCATIONS or _exists(word)]
        if words:
            translation[variable] = SEPARATORS.get(variable, " ").join(words)
    return {**UV_DEFAULTS, **translation, **_certificates(shell, settings), **shell}


def pip_settings(python: Path | str) -> dict[str, str]:
    """What pip is set to, by its files and by PIP_* variables (they win), names without section."""
    command = [
        str(python),
        "-m",
        "pip",
        "-vvv",
        "config",
        "list",
    ]  # with `quiet` set it says nothing
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    settings: dict[str, str] = {}
    for line in output.splitlines():  # section.name='value', `:env:` last
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            settings[key] = str(ast.literal_eval(value))
    return settings


def _certificates(variables: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Uv's variable for the authorities that pip trusts, unless it has one of its own."""
    if variables.get("SSL_CERT_FILE") or variables.get("SSL_CERT_DIR"):
        return {}
    bundles = [settings.get("cert"), *map(variables.get, BUNDLES)]
    bundle = next(filter(None, bundles), None)
    if bundle is None:
        return {}
    return {"SSL_CERT_DIR" if Path(bundle).is_dir() else "SSL_CERT_FILE": bundle}


def _check_python() -> None:
    """Raises InstallError when this Python is of another version or cannot make environments."""
    if sys.version_info[:2] != PYTHON:
        version = ".".join(map(str, PYTHON))
        raise InstallError(
            f"{sys.executable} is Python {platform.python_version()}, not {version}.\n"
            f"Next: install Python {version} with venv, then make PYTHON=/path/to/python{version}"
        )
    try:
        import ensurepip  # noqa: F401  # Debian ships it apart, in python3-venv
    except ImportError as error:
        raise InstallError(
            f"{sys.executable} has no venv (module {error.name} is missing).\n"
            f"Next: sudo apt-get install python{'.'.join(map(str, PYTHON))}-venv"
        ) from error


def _check_folder(folder: Path) -> None:
    """Raises InstallError when there is something in it that is no environment."""
    if folder.exists() and not (folder / "pyvenv.cfg").exists() and any(folder.iterdir()):
        raise InstallError(
            f"{folder} is not an environment of Python, and would be emptied; nothing was done.\n"
            f"Next: name another folder, or mv {shlex.quote(str(folder))} elsewhere"
        )


def _brings_cuda(environment: Environment, pin: str) -> bool | None:
    """Whether the configured indexes would bring NVIDIA's packages along; None: uv cannot tell."""
    command = [*_uv(environment), "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    try:
        result = subprocess.run(
            [*command, "--python", str(environment.python), "-"],
            input=pin,
            capture_output=True,
            text=True,
            check=False,
            env=_variables(environment),
        )
    except FileNotFoundError:  # there is no uv for this machine
        return None
    packages = result.stdout.splitlines()
    return any(name.startswith("nvidia-") for name in packages) if result.returncode == 0 else None


def _pip_install(environment: Environment, arguments: Sequence[str]) -> list[str]:
    command = [str(environment.python), "-m", "pip", "install", "--disable-pip-version-check"]
    return [*command, "--quiet", *arguments]


def _run(command: Sequence[str], what: str, variables: Mapping[str, str] | None = None) -> None:
    if not _succeeds(command, variables):
        raise InstallError(f"{what} failed, see above.\nNext: {shlex.join(command)}")


def _succeeds(command: Sequence[str], variables: Mapping[str, str] | None = None) -> bool:
    """With the settings of pip passed on; False also where the program is missing."""
    environment = dict(variables or uv_environment(os.environ, pip_settings(sys.executable)))
    with suppress(FileNotFoundError):
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
    return False


def _uv(environment: Environment) -> list[str]:
    """Without its progress: two environments are made side by side, in one terminal."""
    return [str(environment.folder / "bin" / "uv"), "--quiet"]


def _uv_install(environment: Environment) -> list[str]:
    """With bytecode, else the first run pays for it."""
    return [*_uv(environment), "pip", "install", "--compile-bytecode", *_target(environment)]


def _constraint(environment: Environment) -> list[str]:
    return ["--constraint", str(environment.pins)]


def _target(environment: Environment) -> list[str]:
    return ["--python", str(environment.python)]


def _variables(environment: Environment) -> dict[str, str]:
    return uv_environment(os.environ, pip_settings(environment.python))


def _exists(location: str) -> bool:
    """False for a folder of this machine that is missing, which uv would refuse."""
    parts = urlsplit(location)
    folder = url2pathname(parts.path) if parts.scheme == "file" else location
    return parts.scheme not in ("", "file") or Path(folder).exists()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harness.install", description=__doc__)
    parser.add_argument("folder", type=Path, help="of the environment; what is in it goes")
    parser.add_argument("extras", help="of pyproject.toml, such as light,dev")
    parser.add_argument("--pins", type=Path, required=True, help="file with the exact versions")
    parser.add_argument("--torch", choices=["cpu", "cuda", "auto"], default="cpu", help="build")
    return parser


if __name__ == "__main__":
    sys.exit(main())
