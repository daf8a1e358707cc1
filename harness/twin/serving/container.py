"""Inside a container: Microsoft's own inference server with our score.py, on one port."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from pathlib import Path

from harness.processes import end_own_group

SCORE = Path(__file__).with_name("score.py")


def run(port: int) -> None:
    """Serve until terminated; the process becomes gunicorn's, with one worker below it.

    AZUREML_MODEL_DIR says where the model is. Nothing heavier than Flask is imported here: torch
    and transformers came with the fork.
    """
    threading.Thread(target=_end_with_the_twin, daemon=True).start()
    os.environ["AML_APP_ROOT"] = str(SCORE.parent)
    os.environ["GUNICORN_CMD_ARGS"] = "--no-control-socket"  # it would lie in the user's home
    sys.argv = ["azmlinfsrv", "--entry_script", str(SCORE), "--port", str(port)]
    from azureml_inference_server_http import amlserver, amlserver_linux

    amlserver.DEFAULT_HOST = amlserver_linux.DEFAULT_HOST = "127.0.0.1"  # its own is 0.0.0.0
    amlserver.run()


def _end_with_the_twin() -> None:
    """A killed twin leaves nobody behind. (The forkserver, our parent, would outlive it.)"""
    twin = multiprocessing.parent_process()
    if twin:
        twin.join()
        end_own_group()
