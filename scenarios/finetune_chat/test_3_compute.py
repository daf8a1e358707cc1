"""3. Compute: a GPU cluster of the plan's size, found or created."""

from __future__ import annotations

from harness.recipe.compute import Cluster
from harness.run import Run


def test_cluster_has_the_planned_size(run: Run, cluster: Cluster) -> None:
    """What is there is what the plan asked for, not a cluster that happened to bear the name."""
    assert cluster.size.lower() == run.plan.compute.size.lower()


def test_cluster_has_gpus(cluster: Cluster) -> None:
    """Fine-tuning needs at least one GPU in a node."""
    assert cluster.gpus >= 1
