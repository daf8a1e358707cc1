"""Recorded answers: no Azure, no twin, no network. The default target."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.errors import CassetteError
from harness.targets.target import Note, Target, environment
from harness.wire.cassette import HEADER, Cassette, read
from harness.wire.references import TIMESTAMP, expand
from harness.wire.sockets import blocked
from harness.wire.tape import TOKENS, Tape

if TYPE_CHECKING:
    from harness.plan import Plan
    from harness.wire_diff.change import Change
    from harness.wire_diff.replayed import OtherRelease

REMOVED = (  # nothing of the user's own Azure, proxies or certificates has a say in a replay
    "ALL_PROXY",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_TENANT_ID",
    "AZUREML_CURRENT_CLOUD",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "all_proxy",
    "http_proxy",
    "https_proxy",
)
_HOSTS = "azure.com,windows.net,azureml.ms,azureml.net,microsoftonline.com,127.0.0.1,localhost"
_SEVERITY: Mapping[str, Literal["error", "warning", "info"]] = {
    "breaking": "error",
    "risky": "warning",
    "harmless": "info",
}
UNSEARCHED = {
    # hosts by name: at "*" `requests` reads the whole environment twice at every request
    "NO_PROXY": _HOSTS,
    "no_proxy": _HOSTS,
    "NETRC": os.path.join(os.devnull, "none"),  # and looks for a file of passwords in two places
}


@contextmanager
def open_cassettes(plan: Plan, folder: Path, cassettes: Path) -> Iterator[Target]:
    """A replay of the scenario's cassettes; the whole process is cut off from the network.

    Raises CassetteError when they are missing, damaged, of different recordings, or were
    recorded with another plan.
    """
    tapes = _checked(sorted(cassettes.glob("*.json")), cassettes)
    told = tapes[0].provenance
    _same_plan(plan, tapes)
    _write_config(folder, told)
    release = _other_release(told)
    tape = Tape(tapes, release=release)
    removed = [*REMOVED, *(name for name in os.environ if name.startswith("AZUREML_"))]
    with environment(_environment(told), removed=removed), blocked(), _uncollected():
        yield Target(
            name="cassette",
            config=folder,
            tape=tape,
            timestamp=TIMESTAMP,
            recorded=f"recorded on {told['target']} at {told['recorded']}",
            kept={key: value for tape in tapes for key, value in tape.provenance["kept"].items()},
            notes=(*_releases(told), *_age(plan, told)),
            compared=partial(_compared, release, tape),
        )


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection while modules are imported, and none of them when Python ends.

    A replay is all imports: of 2.7 s for the SDK and MLflow, 1.2 s were the collector looking at
    objects that live as long as the process.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def _checked(paths: Sequence[Path], folder: Path) -> list[Cassette]:
    """The cassettes of one recording, one for each step."""
    name = folder.name
    if not paths:
        raise CassetteError(
            f"there are no cassettes in {folder}.\n"
            f"Next: pytest scenarios/{name} --target twin --record"
        )
    tapes = [read(path) for path in paths]
    again = f"Next: git checkout -- {folder}, or pytest scenarios/{name} --target twin --record"
    files = tapes[0].provenance.get("files", [])
    here = [path.name for path in paths]
    if here != files:
        raise CassetteError(
            f"the cassettes in {folder} are not one recording: it has "
            f"{', '.join(map(str, files))}, here are {', '.join(here)}.\n{again}"
        )
    for tape in tapes:
        if wrong := _wrong_header(tape, *(() if tape is tapes[0] else ("plan",))):
            raise CassetteError(
                f"cassette {tape.path} cannot be used: its header {wrong}.\n{again}"
            )
    dates = {tape.path.name: tape.provenance["recorded"] for tape in tapes}
    if len(set(dates.values())) > 1:
        listed = ", ".join(f"{file} of {date}" for file, date in dates.items())
        raise CassetteError(
            f"the cassettes in {folder} are of several recordings: {listed}.\n{again}"
        )
    return tapes


def _wrong_header(tape: Cassette, *spared: str) -> str | None:
    """What its header lacks, or says that cannot be; the plan stands in the first file only."""
    told = tape.provenance
    if lacking := [name for name in HEADER if name not in told and name not in spared]:
        return f"lacks {', '.join(lacking)}"
    if lacking := [
        name for name in ("subscription", "group", "name") if not told["workspace"].get(name)
    ]:
        return f"lacks the workspace's {', '.join(lacking)}"
    try:
        datetime.fromisoformat(told["recorded"]).astimezone(UTC)
    except ValueError:
        return f"says it was recorded at {told['recorded']!r}"
    return None


def _same_plan(plan: Plan, tapes: Sequence[Cassette]) -> None:
    """A key that is newer than the recording counts as recorded with its default."""
    told = tapes[0].provenance
    here = plan.digest(str(told["target"]))
    if told["plan_hash"] == here:
        return
    if changed := sorted(_changes(dict(told["plan"]), plan)):
        raise CassetteError(
            f"the cassettes in {tapes[0].path.parent} were recorded with another plan "
            f"({told['plan_hash']}, now {here}):\n  "
            + "\n  ".join(changed)
            + "\nNext: undo the change; or run it live, with the same --set: pytest "
            f"scenarios/{told['scenario']} --target {told['target']} (and --record to keep it)"
        )


def _changes(recorded: dict[str, Any], plan: Plan) -> Iterator[str]:
    now, default = plan.as_dict(), type(plan)().as_dict()
    for section in {*recorded, *now} - {"cassette"}:
        old = {**default.get(section, {}), **recorded.get(section, {})}
        new = now.get(section, {})
        for key in {*old, *new}:
            if old.get(key) != new.get(key):
                yield f"{section}.{key}: recorded {old.get(key)!r}, now {new.get(key)!r}"


def _others(told: Any) -> dict[str, tuple[str, str]]:
    """Packages that are not those of the recording: recorded and present version."""
    found = {}
    for name, recorded in dict(told["packages"]).items():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "absent"
        if here != recorded:
            found[name] = (recorded, here)
    return found


def _other_release(told: Any) -> OtherRelease | None:
    """Who answers and compares where packages differ; loaded only then."""
    if others := _others(told):
        from harness.wire_diff.replayed import OtherRelease

        return OtherRelease(others)
    return None


def _releases(told: Any) -> Iterator[Note]:
    for name, (recorded, here) in _others(told).items():
        yield Note(
            "info",
            "cassette.packages",
            f"recorded with {name} {recorded}, replayed with {here}",
            name,
            "nothing, if the replay is green; else read what it says is asked otherwise",
        )


def _compared(
    release: OtherRelease | None, tape: Tape, steps: Collection[int], with_tests: bool
) -> list[Note]:
    """What another release asks otherwise, a note each."""
    if release is None:
        return []
    changes = release.changes(tape, steps, with_tests=with_tests)
    return [_note(release, change) for change in changes]


def _note(release: OtherRelease, change: Change) -> Note:
    what = f"{release.what}: {change} ({change.why}), {release.by(change)}"
    severity = _SEVERITY[change.severity]
    if change.kind == "read gone":  # harmless of a release; the recipe may have lost it as well
        severity = "warning"
    return Note(severity, "cassette.request", what, change.operation, release.next([change]))


def _age(plan: Plan, told: Any) -> Iterator[Note]:
    days = (datetime.now(UTC) - datetime.fromisoformat(told["recorded"])).days
    if days > plan.cassette.max_age_days:
        yield Note(
            "warning",
            "cassette.age",
            f"recorded {days} days ago, and the plan allows {plan.cassette.max_age_days}",
            str(told["scenario"]),
            f"pytest scenarios/{told['scenario']} --target {told['target']} --record",
        )


def _environment(told: Any) -> dict[str, str]:
    """What leads azure-identity to the tape, and the SDK to waste no time."""
    workspace = {key: expand(value) for key, value in dict(told["workspace"]).items()}
    return {
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "IDENTITY_ENDPOINT": TOKENS,
        "IDENTITY_HEADER": "replayed",
        "AZUREML_RUN_POLLING_INTERVAL_MIN": "0",  # jobs.stream sleeps this long between polls
        **UNSEARCHED,
        "AZURE_SUBSCRIPTION_ID": workspace["subscription"],
        "AZURE_RESOURCE_GROUP": workspace["group"],
        "AZURE_WORKSPACE_NAME": workspace["name"],
    }


def _write_config(folder: Path, told: Any) -> None:
    """config.json for MLClient.from_config, so that no other file on this machine is found."""
    workspace = {key: expand(value) for key, value in dict(told["workspace"]).items()}
    names = {
        "subscription_id": workspace["subscription"],
        "resource_group": workspace["group"],
        "workspace_name": workspace["name"],
    }
    (folder / "config.json").write_text(json.dumps(names, indent=2), encoding="utf-8")
