"""What each operation takes, as far as the twin reads it; more fields are let through.

Fields as in recorded requests of the azure-ai-ml test suite.
"""

from __future__ import annotations

import re

from harness.twin.asked import Each, Object
from harness.twin.serving.plan import DURATION

CLUSTER_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?")
PRIORITIES = ("Dedicated", "LowPriority")
AUTH_MODES = ("Key", "AMLToken", "AADToken")
KEY_TYPES = ("Primary", "Secondary")
MODEL_TYPES = ("custom_model", "mlflow_model", "triton_model")

_SCALE = Object({"minNodeCount": int, "maxNodeCount": int, "nodeIdleTimeBeforeScaleDown": DURATION})
_NODES = Object(
    {
        "vmSize": str,
        "vmPriority": PRIORITIES,
        "scaleSettings": _SCALE,
        "remoteLoginPortPublicAccess": str,
        "osType": str,
        "enableNodePublicIp": bool,
    },
    needs=("vmSize",),
)
CLUSTER = Object(
    {
        "location": str,
        "tags": Each(str),
        "properties": Object(
            {
                "computeType": ("AmlCompute",),
                "description": str,
                "disableLocalAuth": bool,
                "properties": _NODES,
            },
            needs=("properties",),
        ),
    },
    needs=("properties",),
)

_INPUT = Object({"uri": str, "jobInputType": str})
_NODE = Object(
    {"componentId": str, "inputs": Each(_INPUT), "outputs": Each(dict)}, needs=("componentId",)
)
JOB = Object(
    {
        "properties": Object(
            {
                "jobType": str,
                "displayName": str,
                "experimentName": str,
                "description": str,
                "isArchived": bool,
                "tags": Each(str),
                "properties": Each(str),
                "settings": dict,
                "jobs": Each(_NODE),
                "inputs": Each(_INPUT),
                "outputs": Each(dict),
            }
        )
    },
    needs=("properties",),
)

MODEL = Object(
    {
        "properties": Object(
            {
                "description": str,
                "tags": Each(str),
                "properties": Each(str),
                "isArchived": bool,
                "isAnonymous": bool,
                "modelType": MODEL_TYPES,
                "modelUri": str,
                "stage": str,
                "flavors": Each(dict),
            }
        )
    },
    needs=("properties",),
)

ENDPOINT = Object(
    {
        "location": str,
        "tags": Each(str),
        "properties": Object(
            {
                "description": str,
                "authMode": AUTH_MODES,
                "properties": Each(str),
                "traffic": Each(int),
                "mirrorTraffic": Each(int),
            }
        ),
    },
    needs=("properties",),
)

ENDPOINT_CHANGE = Object(
    {
        "tags": Each(str),
        "identity": dict,
        "properties": Object(
            {"description": str, "traffic": Each(int), "mirrorTraffic": Each(int)}
        ),
    }
)
NEW_KEY = Object({"keyType": KEY_TYPES, "keyValue": str}, needs=("keyType",))

_PROBE = Object(
    {
        "failureThreshold": int,
        "successThreshold": int,
        "timeout": DURATION,
        "period": DURATION,
        "initialDelay": DURATION,
    }
)
DEPLOYMENT = Object(
    {
        "location": str,
        "tags": Each(str),
        "sku": Object({"capacity": int}),
        "properties": Object(
            {
                "description": str,
                "model": str,
                "instanceType": str,
                "environmentId": str,
                "environmentVariables": Each(str),
                "codeConfiguration": dict,
                "appInsightsEnabled": bool,
                "livenessProbe": _PROBE,
                "readinessProbe": _PROBE,
                "requestSettings": Object(
                    {
                        "maxQueueWait": DURATION,
                        "requestTimeout": DURATION,
                        "maxConcurrentRequestsPerInstance": int,
                    }
                ),
            }
        ),
    },
    needs=("properties",),
)

LOGS = Object({"containerType": str, "tail": int})
SECRETS = Object({"expirableSecret": bool, "expireAfterHours": float})
RUN_DATA = Object({"runId": str}, needs=("runId",))
RESOLVE = Object({"values": list})
