"""The table: every environment we answer for, and what the three commands do in it."""

from __future__ import annotations

from .limits import LIMITS
from .places import PLACES
from .variables import VARIABLES

ENVIRONMENTS = (*VARIABLES, *LIMITS, *PLACES)
