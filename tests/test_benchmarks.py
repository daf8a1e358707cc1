"""What the benchmark of replays rests on: every engine gets the same tape, and ours is exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.replaying import engines, tape


def test_replayed_bytes_are_those_of_the_tape(tmp_path: Path) -> None:
    """Recorded, scrubbed, written, read and asked through azure-core: every byte as it was."""
    count = 300
    told = tape.interactions(count)
    tape.write_ours(told, [count], tmp_path)

    with engines.ours(tmp_path, count) as (client, _, _):
        _, bodies = engines.replay(client, told, None)

    assert [bodies[at] for at in range(count)] == [one.answer for one in told]


@pytest.mark.parametrize(
    ("write", "engine"), [(tape.write_vcrpy, engines.vcrpy), (tape.write_ours, engines.ours)]
)
def test_engines_replay_the_same_tape(write: Callable, engine: Callable, tmp_path: Path) -> None:
    """What is compared answers the same requests with the same bytes; a shorter tape is a part."""
    told = tape.interactions(40)
    write(told, [40], tmp_path)

    with engine(tmp_path, 40) as (client, _, _):
        _, bodies = engines.replay(client, told, None)

    assert list(bodies.values()) == [one.answer for one in told]
    assert tape.interactions(30) == told[:30]


def test_a_place_in_the_tape_can_be_measured_alone(tmp_path: Path) -> None:
    """vcrpy at 5,000 takes minutes: with what comes before marked as played, the rest is right."""
    told = tape.interactions(100)
    tape.write_vcrpy(told, [100], tmp_path)

    with engines.vcrpy(tmp_path, 100) as (client, skip, _):
        _, bodies = engines.replay(client, told, skip)

    assert bodies
    assert all(body == told[at].answer for at, body in bodies.items())
