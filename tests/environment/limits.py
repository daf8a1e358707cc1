"""Rows about what a process may use: descriptors, memory, streams, signals, network, clock."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .environment import Environment, Expectation, NamedError, Place
from .needs import COMPILER, MOUNTS, NETWORK

STREAMS = (
    Environment("stdin closed", script='exec "$@" <&-'),
    Environment(
        "stdout closed", script='exec "$@" >&-', shows_output=False, sample=("replay", "preflight")
    ),
    Environment("stderr closed", script='exec "$@" 2>&-'),
    Environment("all three closed", script='exec "$@" <&- >&- 2>&-', shows_output=False),
    Environment(
        "stdout full", script='exec "$@" >/dev/full', shows_output=False, sample=("replay",)
    ),
    Environment("stdout and stderr full", script='exec "$@" >/dev/full 2>&1', shows_output=False),
    Environment(
        "reader of stdout is gone",
        script='"$@" | head -n 1; exit "${{PIPESTATUS[0]}}"',
        shows_output=False,
        sample=("replay", "twin"),
    ),
    Environment("stdout is a pipe", script='"$@" | cat; exit "${{PIPESTATUS[0]}}"'),
    Environment("under nohup, in the background", script='nohup "$@" & wait $!', sample=("twin",)),
    Environment(
        "SIGINT, SIGHUP, SIGPIPE and SIGTERM ignored",
        script="""trap '' INT HUP PIPE TERM; exec "$@" """,
    ),
    Environment("SIGCHLD ignored", script="""trap '' CHLD; exec "$@" """),
    Environment("in a session of its own", script='setsid --wait "$@"'),
)


def twin_error(*words: str) -> dict[str, Expectation]:
    """What a twin cannot do without is named before it starts; a replay needs nothing of it."""
    return {"twin": NamedError(words, 4), "preflight": NamedError(words, 2)}


RESOURCES = (
    Environment("64 descriptors", script='ulimit -n 64; exec "$@"', sample=("replay",)),
    Environment("16 descriptors", script='ulimit -n 16; exec "$@"', **twin_error("ulimit -n")),
    Environment("descriptors as many as can be", script='ulimit -n "$(ulimit -Hn)"; exec "$@"'),
    Environment("no core files, little stack", script='ulimit -c 0 -s 1024; exec "$@"'),
    Environment(
        "memory of 400 MB",
        script='ulimit -v 400000; exec "$@"',
        replay=NamedError(("ulimit -v",), 4),
        sample=("replay",),
        **twin_error("ulimit -v"),
    ),
    Environment("memory of 1 GB", script='ulimit -v 1000000; exec "$@"', **twin_error("ulimit -v")),
    Environment("memory of 3 GB", script='ulimit -v 3000000; exec "$@"'),
    Environment("memory of 16 GB", script='ulimit -v 16000000; exec "$@"'),
    Environment(
        "files of at most 3 MB", script='ulimit -f 3000; exec "$@"', **twin_error("ulimit -f")
    ),
    Environment(
        "files of at most 10 kB",
        script='ulimit -f 10; exec "$@"',
        replay=NamedError(("no report can be written", "ulimit -f"), 4),
        **twin_error("ulimit -f"),
    ),
    Environment("one processor", script='exec taskset -c 0 "$@"'),
    Environment("low priority", script='exec nice -n 19 "$@"'),
)

CONNECTIONS = (
    Environment(
        "no network at all",
        namespaces=("--net",),
        needs=(NETWORK,),
        **twin_error("loopback", "127.0.0.1"),
    ),
    Environment(
        "no network but loopback",
        namespaces=("--net",),
        script='ip link set lo up && exec "$@"',
        needs=(NETWORK,),
    ),
    Environment(
        "no ports to be had",
        namespaces=("--net", "--mount"),
        script="ip link set lo up && mount -t proc proc /proc && "
        'echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range && exec "$@"',
        needs=(NETWORK, MOUNTS),
        **twin_error("ip_local_port_range"),
    ),
    Environment(
        "localhost is ::1 only",
        namespaces=("--mount",),
        script="echo ::1 localhost >{folder}/hosts && "
        'mount --bind {folder}/hosts /etc/hosts && exec "$@"',
        needs=(MOUNTS,),
    ),
    Environment(
        "no name is resolved",
        namespaces=("--mount",),
        script="mount --bind /dev/null /etc/hosts && "
        'mount --bind /dev/null /etc/resolv.conf && exec "$@"',
        needs=(MOUNTS,),
    ),
)


DAY = 24 * 60 * 60
CLOCK = Path(__file__).with_name("clock.c")


def _another_clock(name: str, seconds: int, **expectations: Expectation) -> Environment:
    """By the loader's own file and not by a variable, so that every child has it too."""

    def compile_clock(place: Place) -> None:
        library = place.folder / "clock.so"
        options = ("-shared", "-fPIC", "-O2", f"-DOFFSET={seconds}L")
        subprocess.run(["cc", *options, "-o", library, CLOCK], check=True, timeout=60)

    script = (
        "mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work && "
        "mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc && "
        'echo {folder}/clock.so >/etc/ld.so.preload && date && exec "$@"'
    )
    return Environment(
        name,
        script=script,
        namespaces=("--mount",),
        preparation=compile_clock,
        needs=(MOUNTS, COMPILER),
        **expectations,
    )


CLOCKS = (
    _another_clock("clock a year ahead", 365 * DAY),
    _another_clock("clock a year behind", -365 * DAY),
    _another_clock("clock 90 seconds ahead", 90),
    _another_clock(
        "clock of 1970",
        -56 * 365 * DAY,
        replay=NamedError(("clock", "1970"), 4),
        **twin_error("clock", "1970"),
    ),
)

LIMITS = (*STREAMS, *RESOURCES, *CONNECTIONS, *CLOCKS)
