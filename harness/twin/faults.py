"""What goes wrong on purpose: small values, each naming an operation.

Written as text, one a `--fault`:

    refuse:compute.create:status=409,times=1     Azure's own error body
    delay:job.get:2.5                            seconds before the operation begins
    drop:blob.put                                the connection breaks in the middle of the answer
    lost:endpoint.create                         done, but the answer never arrives
    ends:job.submit:Failed,child=chat_completion_finetune
    answers:scoring.invoke:{}                    this body, whatever was asked
    full:blob.put                                the storage account takes no more (403)

`times=N` on any of them: only the first N requests.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
    """What the operation began ends in this state; `child` names the job's step that does."""

    operation: str
    state: str = "Failed"
    child: str | None = None
    times: int | None = None


@dataclass(frozen=True)
class Answers:
    """Answered with this body (JSON text); nothing is done."""

    operation: str
    body: str = "{}"
    status: int = 200
    times: int | None = None


Fault = Refuse | Delay | Drop | Lost | Ends | Answers
_F = TypeVar("_F", Refuse, Delay, Drop, Lost, Ends, Answers)

_KINDS: dict[str, type[Fault]] = {
    "refuse": Refuse,
    "delay": Delay,
    "drop": Drop,
    "lost": Lost,
    "ends": Ends,
    "answers": Answers,
}
_FIRST = {"refuse": "status", "delay": "seconds", "ends": "state", "answers": "body"}
_NUMBERS: dict[str, Callable[[str], float]] = {"status": int, "times": int, "seconds": float}
_ENDED_BY = ("Failed", "Canceled")


class Faults:
    """The faults of one twin; counts how often each has struck."""

    def __init__(
        self, faults: Iterable[Fault] = (), cut: Callable[[int], None] | None = None
    ) -> None:
        self._faults = tuple(faults)
        self._struck: Counter[int] = Counter()
        self._lock = threading.Lock()
        self.cut = cut  # breaks the connection that comes from this local port

    def ends(self, name: str) -> Ends | None:
        """The state that what this operation begins is to end in, or None. Counts as once."""
        return self.take(Ends, name)

    def take(self, kind: type[_F], name: str | None) -> _F | None:
        """The first fault of this kind for the operation that has strikes left; uses one up."""
        with self._lock:
            for number, fault in enumerate(self._faults):
                spent = fault.times is not None and self._struck[number] >= fault.times
                if isinstance(fault, kind) and fault.operation == name and not spent:
                    self._struck[number] += 1
                    return fault
        return None


def parse(specs: Iterable[str]) -> tuple[Fault, ...]:
    """The faults that the texts describe.

    Raises WireError on a misspelt kind, operation, option or state, naming the nearest.
    """
    return tuple(_parse(spec) for spec in specs)


def _parse(spec: str) -> Fault:
    kind, _, rest = spec.partition(":")
    name, _, options = rest.partition(":")
    if kind == "full":  # not recorded for Azure ML; the storage service documents it so
        text = "status=403,code=AccountIsDisabled,message=The specified account is disabled."
        kind, options = "refuse", f"{text},{options}".rstrip(",")
    if kind not in _KINDS:
        raise WireError(_misspelt(spec, "fault", kind, [*_KINDS, "full"]))
    fault = _made(spec, kind, operation(name).name, _options(kind, options))
    if isinstance(fault, Ends) and fault.state not in _ENDED_BY:
        raise WireError(_misspelt(spec, "state", fault.state, _ENDED_BY))
    if isinstance(fault, Answers):
        _check_json(spec, fault.body)
    return fault


def _made(spec: str, kind: str, name: str, options: dict[str, str]) -> Fault:
    known = [field for field in _KINDS[kind].__dataclass_fields__ if field != "operation"]
    wrong = next((option for option in options if option not in known), None)
    if wrong:
        raise WireError(_misspelt(spec, f"option of {kind}", wrong, known))
    try:
        values = {key: _NUMBERS.get(key, str)(value) for key, value in options.items()}
        return _KINDS[kind](name, **values)  # type: ignore[arg-type]  # checked against its fields
    except (TypeError, ValueError) as error:
        raise WireError(f"fault {spec!r}: {error}; see python -m harness.twin --help") from None


def _options(kind: str, text: str) -> dict[str, str]:
    """`a=1,b=2`; what comes without a name is the kind's first option. JSON may hold commas."""
    if not text:
        return {}
    first = _FIRST.get(kind, "")
    if kind == "answers":
        found = re.match(r"(?:(?:status|times)=\d+,)*", text)
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
