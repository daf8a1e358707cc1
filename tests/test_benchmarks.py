"""What benchmarks rest on: each engine of replays gets the same tape, and a missed goal is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.goals import Goal, print_goals
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


@pytest.mark.parametrize(
    ("goal", "load", "quick", "code", "verdict"),
    [
        (Goal("ratio", 1.9, least=2.0), 1.0, False, 1, "MISSED"),
        (Goal("ratio", 2.0, least=2.0), 1.0, False, 0, "met"),
        (Goal("share", 2.1, most=2.0), 1.0, False, 1, "MISSED"),
        (Goal("ratio", 1.9, least=2.0), 3.1, False, 0, "cannot tell"),
        (Goal("ratio", 1.9, least=2.0), 1.0, True, 0, "cannot tell"),
        (Goal("memory", 49.0, most=48.0, timed=False), 9.0, True, 1, "MISSED"),
    ],
)
def test_a_missed_goal_ends_with_1(
    goal: Goal,
    load: float,
    quick: bool,
    code: int,
    verdict: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Speeds are judged on a quiet machine only; what no load changes is judged on any."""
    assert print_goals([goal], [0.5, load], quick=quick) == code
    assert capsys.readouterr().out.endswith(f" {verdict}\n")
