"""7. Deploy: a managed online endpoint whose one deployment takes all traffic."""

from __future__ import annotations

from harness.recipe.deploy import Deployed
from harness.run import Run


def test_deployment_is_healthy(deployed: Deployed) -> None:
    """The deployment's own state is Succeeded, whatever the operation said."""
    assert deployed.state == "Succeeded"


def test_all_traffic_goes_to_it(run: Run, deployed: Deployed) -> None:
    """100 % to the planned deployment."""
    assert deployed.traffic == {run.plan.deployment.name: 100}
