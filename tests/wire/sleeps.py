"""A plugin that notes every sleep of a run: from any thread, whoever asked for it."""

from __future__ import annotations

import json
from pathlib import Path

WATCH = """
import atexit, json, time
sleep, slept = time.sleep, []
def watched(seconds):
    slept.append(seconds)
    sleep(seconds)
time.sleep = watched
atexit.register(lambda: open({out!r}, "w").write(json.dumps(slept)))
"""
OPTIONS = ("-p", "watch")


def watch(folder: Path) -> dict[str, str]:
    """Put the plugin into the folder; the environment in which pytest finds it there."""
    (folder / "watch.py").write_text(WATCH.format(out=str(folder / "slept.json")))
    return {"PYTHONPATH": str(folder)}


def slept(folder: Path) -> float:
    """Seconds that were slept, of all sleeps."""
    return float(sum(json.loads((folder / "slept.json").read_text())))


def waited(reports: Path) -> float:
    """Seconds of waiting that the report shows beside the steps: those of the recording."""
    record = json.loads((reports / "latest/run.json").read_text())
    return sum(step["facts"].get("seconds waited when recorded", 0) for step in record["steps"])
