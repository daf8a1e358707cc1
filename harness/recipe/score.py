"""Step 8: ask the deployment, judge the answer, and prepare the latency measurement."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from harness.checks.answer import text_of
from harness.errors import AnswerError
from harness.recipe.answers import reply_of
from harness.recipe.data import questions
from harness.recipe.failing import doing, reason
from harness.recipe.logs import log_file, log_kept

if TYPE_CHECKING:
    from harness.checks.catalogue import Judge
    from harness.plan import Plan
    from harness.recipe.connect import Connection
    from harness.recipe.data import Splits
    from harness.recipe.deploy import Deployed

SAMPLE_FILE = "sample_score.json"
Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Answer:
    """What was asked, what came back, and in which of the known shapes."""

    prompt: Messages
    text: str
    shape: str
    request_file: Path


@dataclass(frozen=True)
class Caller:
    """All that a direct call of the scoring URI needs; the key stays out of repr and records."""

    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Caller({self.url})"


def score(
    connection: Connection, plan: Plan, splits: Splits, deployed: Deployed, judge: Judge
) -> Answer:
    """Invoke the deployment once with a seeded sample of test_gen, as the recipe does.

    Raises AnswerError when the answer is not a non-empty text in a known shape.
    """
    prompt = pick_prompt(splits.path("test_gen"), plan.scoring.seed)
    request = splits.folder / SAMPLE_FILE
    request.write_text(json.dumps(payload(prompt, plan), indent=2), encoding="utf-8")
    leaked = leaked_deployment()
    log = log_file(plan, splits.folder.parent)
    with log_kept(connection, deployed.endpoint, deployed.deployment, log):
        raw = _invoke(connection, deployed, request, log)
        reply = reply_of(
            raw,
            prompt,
            plan.scoring.max_new_tokens,
            leaked=leaked,
            deployment=deployed.deployment,
            log=log,
        )
        judge("answer", reply=reply)
    text, shape = text_of(raw)
    return Answer(prompt=prompt, text=text or "", shape=shape, request_file=request)


def leaked_deployment() -> str:
    """The deployment that an earlier `invoke` of this process left in the SDK's shared headers."""
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields

    return str(EndpointInvokeFields.DEFAULT_HEADER.get(EndpointInvokeFields.MODEL_DEPLOYMENT, ""))


def pick_prompt(path: Path, seed: int) -> Messages:
    """The messages of one row whose last turn is the user's, drawn with a seed.

    The no-code MLflow image accepts nothing else; step 4 has seen that there is one.
    """
    return random.Random(seed).choice(list(questions(path)))


def payload(prompt: Messages, plan: Plan) -> dict[str, Any]:
    """The recipe's request body: the messages nested once."""
    wanted = plan.scoring
    return {
        "input_data": {
            "input_string": [prompt],
            "parameters": {
                "temperature": wanted.temperature,
                "top_p": wanted.top_p,
                "do_sample": wanted.do_sample,
                "max_new_tokens": wanted.max_new_tokens,
            },
        },
        "params": {},
    }


def caller(connection: Connection, deployed: Deployed, answer: Answer) -> Caller:
    """The same request, ready to be sent straight to the scoring URI; the key is fetched once."""
    with doing(
        f"fetching the keys of endpoint {deployed.endpoint}",
        f"az ml online-endpoint get-credentials --name {deployed.endpoint}",
    ):
        keys: Any = connection.workspace.online_endpoints.get_keys(deployed.endpoint)
    return Caller(
        url=deployed.scoring_uri,
        headers={
            "Authorization": f"Bearer {keys.primary_key}",
            "Content-Type": "application/json",
            "azureml-model-deployment": deployed.deployment,
        },
        body=answer.request_file.read_bytes(),
    )


def _invoke(connection: Connection, deployed: Deployed, request: Path, log: str) -> str:
    """One `online_endpoints.invoke`, undoing what it does to the SDK's shared headers.

    invoke writes `azureml-model-deployment` into a class-level dict, so that a later call to
    another endpoint would still carry this deployment's name.
    """
    from azure.ai.ml.constants._endpoint import EndpointInvokeFields
    from azure.core.exceptions import AzureError

    before = dict(EndpointInvokeFields.DEFAULT_HEADER)
    try:
        return str(
            connection.workspace.online_endpoints.invoke(
                endpoint_name=deployed.endpoint,
                deployment_name=deployed.deployment,
                request_file=str(request),
            )
        )
    except AzureError as error:
        raise AnswerError(
            f"endpoint {deployed.endpoint} refused the request: {reason(error)}\nNext: "
            + (
                f"less {quote(log)} shows what the container says"
                if log
                else "run it on a live target"
            )
        ) from error
    finally:
        EndpointInvokeFields.DEFAULT_HEADER.clear()
        EndpointInvokeFields.DEFAULT_HEADER.update(before)
