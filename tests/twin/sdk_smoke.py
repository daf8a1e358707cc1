"""What the unmodified SDK sees of a twin's control plane; writes one JSON object.

Run by the light environment's Python, in the environment of a twin's ready file.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import requests
from azure.ai.ml import MLClient
from azure.ai.ml.entities import AmlCompute, ManagedOnlineEndpoint
from azure.core.credentials import AccessToken
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential

PLACE = [
    os.environ[f"AZURE_{name}"] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "WORKSPACE_NAME")
]
BIG = "Standard_ND96amsr_A100_v4"  # no quota for it
LOW = "Standard_ND96asr_v4"  # quota in one tier only


class Forged:
    """A credential whose token another issuer made."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Three parts, as a JWT has."""
        return AccessToken("e30.e30.e30", int(time.time()) + 3600)


def error(work: Any) -> str:
    """The type and code of what a call raises."""
    try:
        work()
    except AzureError as found:
        text = str(getattr(found, "status_code", "")) + " " + str(found).partition("\n")[0][:60]
        return f"{type(found).__name__} {text}"
    return "nothing"


def main() -> dict[str, Any]:
    """Every step of the recipe that needs no job and no deployment."""
    credential = DefaultAzureCredential()
    credential.get_token("https://management.azure.com/.default")
    ml = MLClient(credential, *PLACE)
    registry = MLClient(credential, registry_name="azureml")
    seen: dict[str, Any] = {"workspace": ml.workspaces.get(PLACE[2]).location}
    model = registry.models.get("Phi-3-mini-4k-instruct", label="latest")
    component = registry.components.get("chat_completion_pipeline", label="latest")
    seen["model"], seen["component"] = model.id, [component.version, len(component.inputs)]
    begun = time.monotonic()
    seen |= computes(ml) | endpoints(ml)
    seen["seconds"] = time.monotonic() - begun
    seen["forged"] = error(lambda: MLClient(Forged(), *PLACE).workspaces.get(PLACE[2]))
    seen["elsewhere"] = error(lambda: MLClient(credential, *PLACE[:2], "no").workspaces.get("no"))
    return seen


def computes(ml: MLClient) -> dict[str, Any]:
    """A cluster's life, and one that has no quota."""
    seen: dict[str, Any] = {"missing": error(lambda: ml.compute.get("gpu"))}
    small = AmlCompute(name="gpu", size="Standard_ND40rs_v2", tier="Dedicated", max_instances=2)
    seen["cluster"] = ml.compute.begin_create_or_update(small).result().provisioning_state
    big = AmlCompute(name="big", size=BIG, max_instances=1)
    seen["quota"] = error(lambda: ml.compute.begin_create_or_update(big).result())
    low = AmlCompute(name="low", size=LOW, tier="LowPriority", max_instances=1)
    made = ml.compute.begin_create_or_update(low).result()
    seen["low"] = [made.provisioning_state, made.tier]
    seen["gpus"] = {size.name: size.gpus for size in ml.compute.list_sizes()}[BIG]
    ml.compute.begin_delete("gpu").wait()
    seen["left"] = [compute.name for compute in ml.compute.list()]
    return seen


def endpoints(ml: MLClient) -> dict[str, Any]:
    """An endpoint's life and its keys."""
    asked = ManagedOnlineEndpoint(name="ep-1", auth_mode="key")
    made = ml.online_endpoints.begin_create_or_update(asked).result()
    keys = ml.online_endpoints.get_keys("ep-1")
    listed = [endpoint.name for endpoint in ml.online_endpoints.list()]
    changed = changes(ml, made.scoring_uri)
    ml.online_endpoints.begin_delete("ep-1").wait()
    gone = error(lambda: ml.online_endpoints.get("ep-1"))
    differ = keys.primary_key != keys.secondary_key
    return {"score": made.scoring_uri, "keys": differ, "endpoints": listed, "gone": gone} | changed


def changes(ml: MLClient, scoring: str) -> dict[str, Any]:
    """Other tags by PATCH, another primary key; what the front door says to the keys."""
    rest: Any = ml.online_endpoints._online_operation  # the SDK itself only PUTs
    rest.begin_update(*PLACE[1:], "ep-1", {"tags": {"team": "b"}}).wait()
    old = ml.online_endpoints.get_keys("ep-1")
    renewed = error(lambda: ml.online_endpoints.begin_regenerate_keys("ep-1").wait())
    new = ml.online_endpoints.get_keys("ep-1")
    keys = (old.primary_key, new.primary_key, new.secondary_key)
    opened = [
        requests.post(scoring, headers={"authorization": f"Bearer {key}"}, timeout=10).status_code
        for key in keys
    ]
    return {
        "tags": ml.online_endpoints.get("ep-1").tags,
        "renewed": renewed,
        "opened": opened,
        "second key": new.secondary_key == old.secondary_key,
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(main()))
