"""A runner with real processes, one finished job for all tests, and steps to run by themselves."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import requests
import uvicorn
from starlette.applications import Starlette

from harness.twin.engine.steps import step as steps
from harness.twin.engine.steps.child import enter
from harness.twin.errors import WireFailure, failure_response
from harness.twin.faults_at_work import Faults
from harness.twin.lifecycle import Operations
from harness.twin.routes import history, jobs, mlflow, operations
from harness.twin.state import Twin
from harness.twin.warm import Warm

from .bench import BASE, DATA, RECIPE, Bench, make_bench


@pytest.fixture(scope="session")
def bench(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A runner with its tracking server; shared, since jobs do not see each other."""
    found = make_bench(tmp_path_factory.mktemp("state"), warm)
    found.runner.recover()
    yield found
    found.runner.close()


@pytest.fixture(scope="session")
def train_file(bench: Bench) -> str:
    """The sample's training split, uploaded."""
    text = (DATA / "ultrachat_sample" / "train_sft.jsonl").read_text(encoding="utf-8")
    return bench.upload("train_sft.jsonl", text)


@pytest.fixture(scope="session")
def finished(bench: Bench, train_file: str) -> str:
    """The name of a job that ran with the recipe's parameters and has ended."""
    name = "jolly_parrot_0123456789"
    bench.submit(name, RECIPE, train_file_path=train_file)
    bench.wait(name, seconds=120)
    return name


@pytest.fixture(scope="session")
def client(bench: Bench) -> Iterator[str]:
    """The address of the engine's routes, served over a real socket."""
    twin = Twin(
        bench.settings,
        bench.store,
        bench.blobs,
        cast("Warm", None),
        bench.runner,
        cast("Any", None),
        Operations(bench.settings, bench.store),
        Faults(),
    )
    served = [*jobs.routes, *history.routes, *mlflow.routes, *operations.routes]
    app = Starlette(
        routes=[route for _, route in served],
        exception_handlers={WireFailure: failure_response},
    )
    app.state.twin = twin
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # requests wait in the queue until the server is up
        server = uvicorn.Server(uvicorn.Config(app, http="h11", ws="none", log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def ask() -> Iterator[requests.Session]:
    """A client that goes through no proxy."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@dataclass(frozen=True)
class Ran:
    """One training by itself: its outcome and where it left what it made."""

    outcome: steps.Outcome
    folder: Path

    @property
    def history(self) -> list[dict[str, float]]:
        """The Trainer's log, entry by entry."""
        text = (self.folder / "trained" / "log_history.json").read_text(encoding="utf-8")
        return cast("list[dict[str, float]]", json.loads(text))

    def series(self, name: str) -> list[float]:
        """One quantity over the training."""
        return [entry[name] for entry in self.history if name in entry]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Imported base model and preprocessed rows of the sample: 24 to train, 8 to validate."""
    from harness.twin.engine.steps import model_import, preprocess

    folder = tmp_path_factory.mktemp("prepared")
    sample = DATA / "ultrachat_sample" / "train_sft.jsonl"
    lines = sample.read_text(encoding="utf-8").splitlines()[:40]
    (folder / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    given = {"mlflow_model_path": str(BASE), "model_selector_output": str(folder / "imported")}
    given["train_file_path"] = str(folder / "train.jsonl")
    log = folder / "root.log"
    for module, output in ((model_import, "imported"), (preprocess, "rows")):
        outputs = {"output_dir": str(folder / output)}
        module.run(steps.Step("step", "tiny", {}, given, outputs, str(log), str(folder / "work")))
    return folder


@pytest.fixture
def train(warm: Warm, prepared: Path, tmp_path: Path) -> Callable[[Mapping[str, str]], Ran]:
    """Run the fine-tune step alone, in a process of its own."""
    count = iter(range(100))

    def run(literals: Mapping[str, str]) -> Ran:
        folder = tmp_path / str(next(count))
        step = steps.Step(
            name="chat_completion_finetune",
            profile="tiny",
            literals=literals,
            inputs={
                "model_selector_output": str(prepared / "imported"),
                "preprocess_output": str(prepared / "rows"),
            },
            outputs={"pytorch_model_folder": str(folder / "trained")},
            root_log=str(tmp_path / "root.log"),
            work=str(folder / "work"),
        )
        steps.write_step(folder, step)
        process = warm.process(enter, str(folder), log=folder / "std_log.txt")
        process.join(60)
        outcome = steps.read_outcome(folder)
        assert outcome is not None, (folder / "std_log.txt").read_text()
        return Ran(outcome, folder)

    return run


@pytest.fixture
def copy_of_base(tmp_path: Path) -> Path:
    """The base model's folder, to be spoilt."""
    return Path(shutil.copytree(BASE, tmp_path / "base"))
