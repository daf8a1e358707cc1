"""From a recording to files: one cassette a step, all of them or none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from harness.errors import CassetteError
from harness.wire.cassette import replace_all, written
from harness.wire.draft import Draft, drafted
from harness.wire.message import Message
from harness.wire.scrub import Scrubber, Window

PACKAGES = (
    "azure-ai-ml",
    "azure-core",
    "azure-identity",
    "azure-storage-blob",
    "azureml-mlflow",
    "mlflow-skinny",
    "requests",
)
_WORKSPACE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/"
    r"Microsoft\.MachineLearningServices/workspaces/(?P<name>[^/?]+)",
    re.I,
)


def save(
    messages: Sequence[Message],
    folder: Path,
    *,
    about: Mapping[str, Any],
    steps: Mapping[int, str],
    timestamp: str,
    kept: Mapping[int, Mapping[str, Any]],
    now: datetime | None = None,
) -> list[Path]:
    """Write the cassettes of a run, one for each of `steps`, in place of those in `folder`.

    `about` goes into each header, `kept` into that of its step; `now` is the end of the run.
    Raises CassetteError, writing nothing, when something looks like a secret that no rule knows.
    """
    now = now or datetime.now(UTC)
    began = now - timedelta(seconds=max((m.until for m in messages), default=0.0))
    scrubber = Scrubber(timestamp=timestamp, window=Window.around(began, now))
    drafts = drafted(messages, scrubber)
    names = {n: f"{n}_{name}.json" for n, name in steps.items()}
    header = {
        **{key: value for key, value in about.items() if key != "plan"},
        "recorded": now.isoformat(timespec="seconds"),
        "run_timestamp": timestamp,
        "packages": dict(_packages()),
        "workspace": _workspace(messages, scrubber),
        "files": list(names.values()),
    }
    plan = json.loads(scrubber.scrub(json.dumps(about["plan"])))
    texts: dict[str, str] = {}
    for n in sorted(steps):
        whole = {**header, "plan": plan} if not texts else header  # said once, in the first file
        texts[names[n]] = _text(n, drafts.get(n, Draft()), whole, kept.get(n, {}))
    return replace_all(folder, texts)


def _text(n: int, draft: Draft, header: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    provenance = {
        **header,
        "step": n,
        "api_versions": _api_versions(draft),
        "kept": kept,
        "folds": draft.folds,
        "measured": draft.measured,
    }
    return written(provenance, draft.entries)


def _api_versions(draft: Draft) -> list[str]:
    uris = " ".join(entry["request"]["uri"] for entry in draft.entries)
    return sorted(set(re.findall(r"[?&]api-version=([\w.-]+)", uris)))


def _packages() -> list[tuple[str, str]]:
    found = []
    for name in PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def _workspace(messages: Sequence[Message], scrubber: Scrubber) -> dict[str, str]:
    """Subscription (as a reference), resource group and name of the workspace that was used."""
    for message in messages:
        if found := _WORKSPACE.search(message.url):
            place = _WORKSPACE.search(scrubber.scrub(found[0]))
            if place:
                return place.groupdict()
    raise CassetteError(
        "nothing was recorded: no request named a workspace. Next: run the whole scenario with "
        "--record"
    )
