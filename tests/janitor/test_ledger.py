"""The ledger holds what may exist, whatever happened to the process that wrote it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from harness.janitor.ledger import Entry, Ledger

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


@given(st.lists(EVENT))
def test_open_is_expected_and_not_gone_since(events: list[tuple[str, str, str]]) -> None:
    """For any history: open exactly when the last word on a thing is expect."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.jsonl")
        last: dict[Entry, str] = {}
        for event, kind, name in events:
            getattr(ledger, event)(kind, name)
            last[Entry(kind, name)] = event

        assert {entry for entry, event in last.items() if event == "expect"} == set(
            ledger.open_entries()
        )
