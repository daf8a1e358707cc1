"""What goes wrong on purpose: small values, each naming an operation.

Written as text, one a `--fault`, or one a line of the file `faults` in a twin's folder, which is
read again whenever it has changed:

    refuse:compute.create:status=409,times=1     Azure's own error body
    delay:job.get:2.5                            seconds before the operation begins
    drop:blob.put                                the connection breaks in the middle of the answer
    lost:endpoint.create                         done, but the answer never arrives
    ends:job.submit:Failed,child=chat_completion_finetune
    ends:job.submit:Failed,code=ImageBuildFailed,message=...     in Azure's nested envelope
    answers:scoring.invoke:{}                    this body, whatever was asked
    answers:mlflow.call:at=metric_key=loss,{}    where path and query have this text
    full:blob.put                                the storage account takes no more (403)
    storm:datastore.get:times=2                  429 in Azure's text, which says nothing machine-
                                                 readable about when to come back
    stuck:endpoint.delete                        what it began never ends, while the fault is there
    lags:endpoint.list:3                         the list names what is gone, three looks long
    dies:workspace.get                           the twin is killed: from then on, no network

`times=N` on any of them but `stuck`: only the first N requests. Those that have struck stand in the
file `faults.struck` beside it, one a line: how often, and the fault as `written` has it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import TypeVar

from harness.errors import WireError
from harness.wire.operations import operation


@dataclass(frozen=True)
class Refuse:
    """Answered with an error; nothing is done."""

    operation: str
    status: int = 500
    code: str | None = None
    message: str | None = None
    paced: bool = True  # pace fast: clients are told to come back soon, as Azure never does
    times: int | None = None


@dataclass(frozen=True)
class Delay:
    """Done after this many seconds."""

    operation: str
    seconds: float
    times: int | None = None


@dataclass(frozen=True)
class Drop:
    """Done, and the connection breaks after half of the answer's body."""

    operation: str
    times: int | None = None


@dataclass(frozen=True)
class Lost:
    """Done, and the connection breaks before the answer."""

    operation: str
    times: int | None = None


@dataclass(frozen=True)
class Ends:
    """What the operation began ends in this state; `child` names the job's step that does.

    With a message it is the service that ends it and says so: a job's step then has no process.
    """

    operation: str
    state: str = "Failed"
    child: str | None = None
    code: str | None = None
    message: str | None = None
    times: int | None = None


@dataclass(frozen=True)
class Answers:
    """Answered with this body (JSON text); nothing is done."""

    operation: str
    body: str = "{}"
    status: int = 200
    at: str = ""  # only where path and query have this text
    times: int | None = None


@dataclass(frozen=True)
class Stuck:
    """What the operation began never ends, for as long as this fault is there."""

    operation: str


@dataclass(frozen=True)
class Lags:
    """A list that names what is gone, so many looks long; `times` counts deleted things."""

    operation: str
    looks: int = 1
    times: int | None = None


@dataclass(frozen=True)
class Dies:
    """The twin itself is killed when it is asked this: no answer, and nobody to ask again."""

    operation: str
    times: int | None = None


Fault = Refuse | Delay | Drop | Lost | Ends | Answers | Stuck | Lags | Dies
FAULT = TypeVar("FAULT", Refuse, Delay, Drop, Lost, Ends, Answers, Stuck, Lags, Dies)

KINDS: dict[str, type[Fault]] = {
    "refuse": Refuse,
    "delay": Delay,
    "drop": Drop,
    "lost": Lost,
    "ends": Ends,
    "answers": Answers,
    "stuck": Stuck,
    "lags": Lags,
    "dies": Dies,
}
SHORT = {  # a word for a refusal that has a name
    # not recorded for Azure ML; the storage service documents it so
    "full": "status=403,code=AccountIsDisabled,message=The specified account is disabled.",
    # recorded traffic of the azure-ai-ml test suite: no header says when to come back
    "storm": "status=429,paced=0",
}
_FIRST = {
    "refuse": "status",
    "delay": "seconds",
    "ends": "state",
    "answers": "body",
    "lags": "looks",
}
_NUMBERS: dict[str, Callable[[str], float]] = {
    **dict.fromkeys(("status", "times", "looks"), int),
    "seconds": float,
    "paced": lambda text: bool(int(text)),
}
_ENDED_BY = ("Failed", "Canceled")
_ONLY: dict[str, tuple[str, ...]] = {  # kinds that not every operation can meet
    "stuck": (
        "compute.create",
        "compute.delete",
        "endpoint.create",
        "endpoint.delete",
        "deployment.create",
        "deployment.delete",
    ),
    "lags": ("compute.list", "endpoint.list"),
}


def parse(specs: Iterable[str]) -> tuple[Fault, ...]:
    """The faults that the texts describe.

    Raises WireError on a misspelt kind, operation, option or state, naming the nearest.
    """
    try:
        return tuple(_parse(spec) for spec in specs)
    except WireError as error:
        raise WireError(f"{error} Next: correct the fault; docs/faults.md has all kinds") from None


def written(fault: Fault) -> str:
    """The fault as one line, the same however it was spelt: options that say something, by name."""
    options = [field for field in fields(fault)[1:] if getattr(fault, field.name) != field.default]
    options.sort(key=lambda option: option.name == "body")  # last: JSON may hold commas
    values = {option.name: getattr(fault, option.name) for option in options}
    told = (f"{k}={int(v) if isinstance(v, bool) else v}" for k, v in values.items())
    text = f"{type(fault).__name__.lower()}:{fault.operation}:{','.join(told)}"
    return " ".join(text.rstrip(":").split())


def _parse(spec: str) -> Fault:
    kind, _, rest = spec.partition(":")
    name, _, options = rest.partition(":")
    if kind in SHORT:
        kind, options = "refuse", f"{SHORT[kind]},{options}".rstrip(",")
    if kind not in KINDS:
        raise WireError(_misspelt(spec, "fault", kind, [*KINDS, *SHORT]))
    fault = _made(spec, kind, operation(name).name, _options(kind, options))
    if kind in _ONLY and fault.operation not in _ONLY[kind]:
        raise WireError(_misspelt(spec, f"{kind} operation", fault.operation, _ONLY[kind]))
    if isinstance(fault, Ends) and fault.state not in _ENDED_BY:
        raise WireError(_misspelt(spec, "state", fault.state, _ENDED_BY))
    if isinstance(fault, Answers):
        _check_json(spec, fault.body)
    return fault


def _made(spec: str, kind: str, name: str, options: dict[str, str]) -> Fault:
    known = [field for field in KINDS[kind].__dataclass_fields__ if field != "operation"]
    wrong = next((option for option in options if option not in known), None)
    if wrong:
        raise WireError(_misspelt(spec, f"option of {kind}", wrong, known))
    try:
        values = {key: _NUMBERS.get(key, str)(value) for key, value in options.items()}
        return KINDS[kind](name, **values)  # type: ignore[arg-type]  # checked against its fields
    except (TypeError, ValueError) as error:
        raise WireError(f"fault {spec!r}: {error}; see python -m harness.twin --help") from None


def _options(kind: str, text: str) -> dict[str, str]:
    """`a=1,b=2`; what comes without a name is the kind's first option. JSON may hold commas."""
    if not text:
        return {}
    first = _FIRST.get(kind, "")
    if kind == "answers":
        found = re.match(r"(?:(?:status|times)=\d+,|at=[^,]*,)*", text)
        start = found.end() if found else 0
        body = text[start:].removeprefix("body=")
        return _options("", text[:start].rstrip(",")) | ({"body": body} if body else {})
    parts = re.split(r",(?=\w+=)", text)
    if "=" not in parts[0] and first:
        parts[0] = f"{first}={parts[0]}"
    pairs = (part.partition("=") for part in parts)
    return {name: value for name, _, value in pairs}


def _check_json(spec: str, body: str) -> None:
    try:
        json.loads(body)
    except ValueError as error:
        raise WireError(f"fault {spec!r}: the body is not JSON ({error})") from None


def _misspelt(spec: str, what: str, word: str, known: Iterable[str]) -> str:
    words = list(known)
    near = ", ".join(get_close_matches(word, words) or words)
    return f"fault {spec!r}: there is no {what} {word!r}; did you mean: {near}?"
