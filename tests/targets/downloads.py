"""Brings down what the newest job left: its logs, its output, and the model registered from it.

Run with the version of the model and a folder, by a client of a twin that knows only the SDK.
"""

import os
import sys

from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

version, folder = sys.argv[1:]
place = [
    os.environ[f"AZURE_{name}"] for name in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "WORKSPACE_NAME")
]
ml = MLClient(DefaultAzureCredential(), *place)
job = next(iter(ml.jobs.list())).name
ml.jobs.download(job, download_path=folder)
ml.jobs.download(job, download_path=folder, output_name="trained_model")
model = "Phi-3-mini-4k-instruct-ultrachat-200k"
ml.models.download(model, version, download_path=f"{folder}/model")
