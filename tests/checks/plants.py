"""Everything that is planted, in the order of the run."""

from __future__ import annotations

from tests.checks.plants_after import AFTER
from tests.checks.plants_job import JOB, TRAINING
from tests.checks.plants_model import MODEL
from tests.checks.plants_place import PLACE

PLANTS = (*MODEL, *PLACE, *JOB, *AFTER, *TRAINING)
