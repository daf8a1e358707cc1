"""The process of the MLflow tracking server; heavy imports happen in it, not in the twin."""

from __future__ import annotations

import os
import shutil
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.entities import Run

RUN_ID_TAG = "twin.runId"  # asks for this run id; stays on the run

_asked: ContextVar[tuple[str, str] | None] = ContextVar("asked", default=None)


def serve(folder: str, artifacts: str) -> None:
    """Serve the tracking API on a free loopback port until the twin ends; `port` tells which."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    place = Path(folder)
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = _uri(place)
    os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = artifacts
    app = _app(place, artifacts)
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # kept-alive connections
    server = make_server("127.0.0.1", 0, app, threaded=True)
    draft = place / "port.part"
    draft.write_text(str(server.server_port))
    draft.replace(place / "port")
    server.serve_forever()


def _app(place: Path, artifacts: str) -> Any:
    """MLflow's own application over a store of ours that can be told a run's id."""
    from mlflow.server import app, handlers

    _schema(place)
    handlers._tracking_store = named_runs(_uri(place), artifacts)
    return app


def named_runs(uri: str, artifacts: str) -> Any:
    """MLflow's SQL store, with run ids taken from RUN_ID_TAG where a run has it.

    MLflow draws the id inside `create_run` and hands it to SqlRun's constructor; SQLAlchemy's
    `init` event may change constructor arguments, so nothing of MLflow is replaced.
    """
    from mlflow.store.tracking.dbmodels.models import SqlRun
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event

    class RunNames(SqlAlchemyStore):
        def create_run(
            self, experiment_id: str, user_id: str, start_time: int, tags: Any, run_name: str
        ) -> Run:
            wanted = next((tag.value for tag in tags or () if tag.key == RUN_ID_TAG), None)
            location = f"{artifacts}/experiments/{{}}/runs/{wanted}/artifacts"
            title = self.get_experiment(experiment_id).name  # type: ignore[no-untyped-call]  # MLflow's
            token = _asked.set((wanted, location.format(title)) if wanted else None)
            try:
                run: Run = super().create_run(  # type: ignore[no-untyped-call]  # MLflow's
                    experiment_id, user_id, start_time, tags, run_name
                )
                return run
            finally:
                _asked.reset(token)

    @event.listens_for(SqlRun, "init")
    def name_run(target: Any, args: Any, kwargs: dict[str, Any]) -> None:
        asked = _asked.get()
        if asked:
            kwargs["run_uuid"], kwargs["artifact_uri"] = asked

    return RunNames(uri, artifacts)  # type: ignore[no-untyped-call]  # MLflow's


def _uri(place: Path) -> str:
    return f"sqlite:///{place / 'mlflow.db'}"


def _schema(place: Path) -> None:
    """An empty migrated database, copied from the one kept beside the environment."""
    import mlflow

    target = place / "mlflow.db"
    if target.exists():
        return
    kept = Path(sys.prefix) / "var" / f"mlflow-{mlflow.__version__}.sqlite"
    if not kept.is_file():
        _keep_schema(kept)
    if kept.is_file():
        shutil.copyfile(kept, target)


def _keep_schema(kept: Path) -> None:
    """Migrate once; where the environment cannot be written to, every twin migrates its own."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    draft = kept.with_suffix(f".{os.getpid()}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        made = SqlAlchemyStore(f"sqlite:///{draft}", "unused")  # type: ignore[no-untyped-call]  # MLflow's
        made.engine.dispose()
        draft.replace(kept)
    except OSError:
        draft.unlink(missing_ok=True)
