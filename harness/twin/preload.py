"""Imported once by the forkserver; imports only, no tensor work, nothing that starts a thread."""

from __future__ import annotations

import gc
import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # a second thread made one step 5 times slower on 2 cores
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import mlflow  # noqa: E402,F401  # after the thread settings, which are read at import
import peft  # noqa: E402,F401
import torch  # noqa: E402,F401
import transformers  # noqa: E402,F401
from transformers import Phi3ForCausalLM, Trainer  # noqa: E402,F401  # both are lazy modules

gc.freeze()
