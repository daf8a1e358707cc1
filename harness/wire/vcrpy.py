"""For vcrpy itself: a serializer that plays our cassettes.

`my_vcr.register_serializer("harness", harness.wire.vcrpy)`, then `serializer="harness"`. vcrpy's
own `json` serializer reads the files too, but hands out references where stand-ins belong, and
cannot play a body that is JSON.
"""

from __future__ import annotations

import json
from typing import Any

from harness.errors import CassetteError
from harness.wire.canonical import rendered
from harness.wire.entry import content_of
from harness.wire.references import expand


def deserialize(cassette_string: str) -> dict[str, Any]:
    """What vcrpy makes its requests and responses of."""
    told = json.loads(cassette_string)
    measured = told["provenance"].get("measured")
    interactions = json.loads(expand(json.dumps(told["interactions"]), measured))
    return {
        "version": told["version"],
        "interactions": [_plain(one, interactions) for one in interactions],
    }


def serialize(cassette_dict: dict[str, Any]) -> str:
    """Refused: what vcrpy would write was not scrubbed. Raises CassetteError."""
    raise CassetteError(
        "vcrpy may play these cassettes, not write them: nothing would be scrubbed. "
        "Next: record with pytest scenarios --target twin --record"
    )


def _plain(interaction: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    request, response = interaction["request"], interaction["response"]
    body = response["body"]
    if "same_as" in body:
        body = others[body["same_as"] - 1]["response"]["body"]
    sent = request["body"]
    if isinstance(sent, (dict, list)):
        sent = rendered(sent, interaction.get("request_style", "spaced"))
    return {
        "request": {**request, "body": sent},
        "response": {**response, "body": {"string": content_of(body)}},
    }
