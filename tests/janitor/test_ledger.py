"""The ledger holds what may exist, whatever happened to the process that wrote it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.janitor.ledger import Entry, Ledger, Place

ROOT = Path(__file__).parents[2]

EVENT = st.tuples(
    st.sampled_from(["expect", "gone"]),
    st.sampled_from(["compute", "job", "endpoint"]),
    st.sampled_from(["a", "b"]),
)


def test_newest_goes_first(tmp_path: Path) -> None:
    """What was created last is deleted first."""
    ledger = Ledger(tmp_path / "run" / "ledger.jsonl")
    ledger.expect("compute", "c")
    ledger.expect("endpoint", "e")

    assert [Entry("endpoint", "e"), Entry("compute", "c")] == ledger.open_entries()


def test_proven_absence_closes_an_entry(tmp_path: Path) -> None:
    """Only what is not proven gone stays open."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.expect("endpoint", "e")
    ledger.gone("endpoint", "e")

    assert ledger.open_entries() == []


def test_a_second_process_sees_it(tmp_path: Path) -> None:
    """The line is on disk as soon as expect returns."""
    Ledger(tmp_path / "ledger.jsonl").expect("endpoint", "e")

    assert [Entry("endpoint", "e")] == Ledger(tmp_path / "ledger.jsonl").open_entries()


def test_a_torn_last_line_loses_only_itself(tmp_path: Path) -> None:
    """A process killed while writing leaves the earlier lines readable."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.expect("endpoint", "e")
    with ledger.path.open("a", encoding="utf-8") as file:
        file.write('{"event": "expect", "ki')

    assert [Entry("endpoint", "e")] == ledger.open_entries()


def test_every_line_says_where_whose_and_until_when(tmp_path: Path) -> None:
    """The file alone, read by another process, tells where to delete and what it costs."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    place = Place("sub", "group", "workspace")
    ledger.describe(place, run="1", owner="me", expires="2026-01-01T00:00:00Z", target="azure")
    ledger.expect("endpoint", "e", "Standard_NC24ads_A100_v4", 2)
    ledger.answered("endpoint", "e")

    (entry,) = Ledger(ledger.path).open_entries()

    assert (entry.place, entry.run, entry.owner, entry.target) == (place, "1", "me", "azure")
    assert (entry.expires, entry.size) == ("2026-01-01T00:00:00Z", "Standard_NC24ads_A100_v4")
    assert (entry.count, entry.answered) == (2, True)


def test_several_processes_write_whole_lines(tmp_path: Path) -> None:
    """Four processes with a hundred lines each: all four hundred can be read."""
    script = (
        "import sys; from pathlib import Path; from harness.janitor.ledger import Ledger\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "for n in range(100): ledger.expect('job', f'{sys.argv[2]}-{n}')"
    )
    path = tmp_path / "ledger.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(n)], cwd=ROOT)
        for n in range(4)
    ]

    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert len(Ledger(path).open_entries()) == 400


@pytest.mark.parametrize("room", [0, 20])
def test_a_full_disk_creates_nothing_and_forgets_nothing(tmp_path: Path, room: int) -> None:
    """When the line does not fit, `expect` raises, names the thing, and keeps earlier lines."""
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.expect("compute", "c")
    before = ledger.path.read_bytes()
    script = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from harness.errors import StepError; from harness.janitor.ledger import Ledger\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))\n"
        "try: Ledger(Path(sys.argv[1])).expect('endpoint', 'e')\n"
        "except StepError as error: print(error)\n"
        "else: print('no error')"
    )
    command = [sys.executable, "-c", script, str(ledger.path), str(len(before) + room)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert "endpoint 'e' was not created: the ledger" in done.stdout
    assert "Next: df -h" in done.stdout
    assert ledger.path.read_bytes() == before


@given(st.binary(max_size=60), st.integers(0, 2))
def test_unreadable_bytes_lose_no_other_line(rubbish: bytes, where: int) -> None:
    """Whatever stands between, before or after them, whole lines are read."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        ledger.expect("compute", "c")
        ledger.expect("endpoint", "e")
        lines = ledger.path.read_bytes().splitlines()
        lines.insert(where, rubbish)
        ledger.path.write_bytes(b"\n".join(lines))
        ledger.expect("job", "j")

        assert {"c", "e", "j"} <= {entry.name for entry in ledger.open_entries()}


@given(st.lists(EVENT))
def test_open_is_expected_and_not_gone_since(events: list[tuple[str, str, str]]) -> None:
    """For any history: open exactly when the last word on a thing is expect."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        last: dict[Entry, str] = {}
        for event, kind, name in events:
            getattr(ledger, event)(kind, name)
            last[Entry(kind, name)] = event

        assert {entry for entry, event in last.items() if event == "expect"} == set(
            ledger.open_entries()
        )
