"""What this machine lacks for a twin is said before anything is created, and what to do."""

from __future__ import annotations

import os
import resource
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import MachineError
from harness.plan_file import read_plan
from harness.run import unopened
from harness.twin import machine
from harness.twin.machine import (
    PORTS,
    check_descriptors,
    check_loopback,
    check_machine,
    check_ports,
)
from harness.twin.socket_folder import LONGEST, make_socket_folder

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "scenarios" / "finetune_chat" / "plan.toml"
LOOPBACK_UP = "ip link set lo up 2>/dev/null || ifconfig lo up"


def run(shell: str, folder: Path, namespaces: str = "") -> subprocess.CompletedProcess[str]:
    """The first test of the scenario on the twin, in a shell that was prepared so."""
    command = [sys.executable, "-m", "pytest", "scenarios/finetune_chat/test_1_connect.py"]
    command += ["--target", "twin", "-q", "-p", "no:cacheprovider", "--reports", str(folder)]
    line = ["bash", "-c", f"{shell}; exec {shlex.join(command)}"]
    if namespaces:
        own = ["unshare", "--map-root-user", *namespaces.split()]
        if subprocess.run([*own, "true"], check=False, capture_output=True).returncode:
            # containers forbid it to ordinary users; -ra shows the line, and root tries all in CI
            pytest.skip(f"this system lends no namespaces ({shlex.join(own)} fails)")
        line = [*own, *line]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)


def refusal(done: subprocess.CompletedProcess[str], reports: Path) -> str:
    """The one error of a run that was refused, with nothing left behind in the reports' folder."""
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert not reports.exists() or list(reports.iterdir()) == []
    (line,) = [each for each in done.stderr.splitlines() if each.startswith("ERROR: ")]
    assert "nothing was created. Next: " in line
    return line


@pytest.mark.parametrize(
    ("shell", "says"),
    [
        ("ulimit -n 48", "limit of 48 on open files (ulimit -n)"),
        ("ulimit -v 1700000", "limit of 1700000 on address space (ulimit -v)"),
        ("ulimit -f 10000", "limit of 10000 on the size of a file (ulimit -f)"),
        ("ulimit -s 512", "limit of 512 on the stack of a thread (ulimit -s)"),
    ],
)
def test_a_limit_of_the_shell_is_named(tmp_path: Path, shell: str, says: str) -> None:
    """With the option of ulimit, and the value that will do."""
    line = refusal(run(shell, tmp_path / "reports"), tmp_path / "reports")

    assert says in line
    assert f"Next: ulimit {shell.split()[1]} " in line


def test_no_loopback_is_told_as_such(tmp_path: Path) -> None:
    """Not as a missing sign-in: a new network namespace has its loopback interface down."""
    line = refusal(run("true", tmp_path / "reports", "--net"), tmp_path / "reports")

    assert "its loopback interface cannot be used (127.0.0.1: Network is unreachable)" in line


def test_ports_that_run_out_are_counted(tmp_path: Path) -> None:
    """Eight ports are too few for a run; the setting that limits them is named."""
    shell = f"{LOOPBACK_UP}; echo '32768 32775' > /proc/sys/net/ipv4/ip_local_port_range"

    line = refusal(run(shell, tmp_path / "reports", "--net"), tmp_path / "reports")

    assert f"only 8 free ports on 127.0.0.1, and the twin needs {PORTS}" in line
    assert "net.ipv4.ip_local_port_range" in line


def test_files_that_are_open_already_are_counted(tmp_path: Path) -> None:
    """A limit that would do is too low where descriptors are inherited: no broken loopback."""
    inherited = "; ".join(f"exec {number}</dev/null" for number in range(20, 40))

    line = refusal(run(f"ulimit -n 64; {inherited}", tmp_path / "reports"), tmp_path / "reports")

    assert "more files can be opened, and the twin needs 48 beside" in line
    assert "(ulimit -n, which is 64)" in line
    assert "Next: ulimit -n 112, then run again" in line


@pytest.mark.parametrize("check", [check_loopback, check_ports, check_descriptors])
def test_no_file_left_to_open_is_no_other_lack(check: Callable[[], None]) -> None:
    """Of each check that opens a socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(MachineError, match=r"0 more files .*ulimit -n"):
            check()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_stacks_that_do_not_fit_are_no_limit_of_processes(tmp_path: Path) -> None:
    """With both limits that meet in it, and what lifts them."""
    shell = "ulimit -s 200000; ulimit -v 2500000"

    line = refusal(run(shell, tmp_path / "reports"), tmp_path / "reports")

    assert "more threads can be started, and the twin needs 48" in line
    assert "(ulimit -s 200000), of which there is too little (ulimit -v 2500000)" in line
    assert "Next: ulimit -s 8192; ulimit -v unlimited" in line


@pytest.mark.parametrize("space", ["unlimited", "8000000"])
def test_a_limit_of_processes_is_named(space: str) -> None:
    """Also where address space has a limit that is high enough."""
    code = (
        "import os; from harness.twin.machine import check_threads\n"
        "from harness.errors import MachineError\n"
        "if os.geteuid() == 0: os.setuid(54321)\n"
        "try: check_threads()\n"
        "except MachineError as error: print(error)"
    )
    shell = f"ulimit -v {space}; ulimit -u 20; exec {shlex.quote(sys.executable)} -c {{}}"

    line = ["bash", "-c", shell.format(shlex.quote(code))]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert "more threads can be started" in done.stdout, done.stderr
    assert "Next: ulimit -u; cat /sys/fs/cgroup/pids.max" in done.stdout


@pytest.mark.parametrize("variable", ["reports", "TMPDIR"])
def test_a_full_file_system_is_named(tmp_path: Path, variable: str) -> None:
    """Of the state as well as of temporary files, with what leads elsewhere."""
    small = tmp_path / "small"
    small.mkdir()
    shell = f"mount -t tmpfs -o size=8m none {small}"
    if variable == "TMPDIR":
        shell += f"; export TMPDIR={small}"
    reports = small if variable == "reports" else tmp_path / "reports"

    line = refusal(run(shell, reports, "--mount"), tmp_path / "reports")

    assert f"the file system of {small} has 8 MiB left, and the twin needs 32" in line
    assert variable in line.partition("Next: ")[2]


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    """Before a file below it cannot be made."""
    deep = tmp_path.joinpath(*["d" * 200] * 20)

    with pytest.raises(MachineError, match=r"path so long .* Next: name a shorter folder"):
        check_machine(deep)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """With its option and the system's reason: a long name, a loop, a file, a dangling link."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("absent")
    names = ("n" * 256, f"absent/{'n' * 256}/twin", "loop", "loop/twin", "file/twin", "dangling")

    for name in names:
        with pytest.raises(MachineError, match=r"cannot be used .*with --state or --reports") as no:
            check_machine(tmp_path / name)
        assert str(tmp_path / name) in str(no.value)


def test_a_folder_of_another_user_is_named(tmp_path: Path) -> None:
    """As is one below it: no user but its owner may even look whether that exists."""
    (tmp_path / "private").mkdir(mode=0o700 if os.geteuid() == 0 else 0)
    code = (
        "import os, sys; from pathlib import Path; from harness.twin.machine import check_space\n"
        "from harness.errors import MachineError\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: check_space(Path(sys.argv[1]), '--state')\n"
        "except MachineError as error: print(error)"
    )

    command = [sys.executable, "-c", code, str(tmp_path / "private" / "run" / "twin")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert "private/run/twin cannot be used (Permission denied)" in done.stdout, done.stderr
    assert "Next: name another folder with --state" in done.stdout


def test_reports_that_cannot_be_written_are_named_first(tmp_path: Path) -> None:
    """By the option that names them, not as the state of a twin."""
    line = refusal(run("true", tmp_path / ("n" * 256)), tmp_path / "reports")

    assert "no report can be written to" in line
    assert "--reports FOLDER" in line


def test_this_machine_passes_and_nothing_stays(tmp_path: Path) -> None:
    """The same checks where nothing is missing."""
    check_machine(tmp_path / "run" / "twin")

    assert list(tmp_path.iterdir()) == []


def test_the_record_says_that_this_machine_has_to_mend_it(tmp_path: Path) -> None:
    """Not the service, and not nobody."""
    error = MachineError("this machine cannot run the twin: no loopback. Next: ip link set lo up")

    run = unopened("finetune_chat", read_plan(SHIPPED, "twin"), tmp_path, error)

    assert [each.blame for each in run.findings] == ["this machine"]


def test_a_socket_lies_in_the_first_folder_that_is_short_enough(tmp_path: Path) -> None:
    """Owner only; a folder that is too long, missing or read-only is passed over."""
    long = tmp_path / ("t" * 150)
    long.mkdir()

    folder = make_socket_folder([long, tmp_path / "absent", Path("/tmp")])

    assert folder.parent == Path("/tmp")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(long.iterdir()) == []
    folder.rmdir()


def test_no_folder_for_sockets_names_the_limit(tmp_path: Path) -> None:
    """And the variable that leads to another."""
    long = tmp_path / ("t" * 150)
    long.mkdir()

    with pytest.raises(MachineError, match=rf"at most {LONGEST} bytes .*Next: .* TMPDIR"):
        make_socket_folder([long])


def test_a_twin_has_all_checks_made() -> None:
    """None of the module is forgotten where they are put together."""
    checks = {name for name in vars(machine) if name.startswith("check_")} - {"check_machine"}

    assert checks <= {*check_machine.__code__.co_names}
