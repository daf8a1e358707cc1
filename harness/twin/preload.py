"""Imported once by the forkserver; imports only, no tensor work, nothing that starts a thread."""

from __future__ import annotations

import gc
import os
from importlib import import_module

_PARTS = ("torch", "transformers", "peft", "mlflow")


def _import_all(twin: int) -> None:
    """All that is heavy; whoever is orphaned in the middle of it does not go on."""
    for name in _PARTS:
        import_module(name)
        if os.getppid() != twin:
            os._exit(1)
    from transformers import Phi3ForCausalLM, Trainer  # noqa: F401  # both are lazy modules


for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # a second thread made one step 5 times slower on 2 cores
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
_import_all(os.getppid())  # after the thread settings, which are read at import
gc.freeze()
