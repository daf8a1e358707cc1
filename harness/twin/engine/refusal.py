"""Why a step ended badly, in the two kinds Azure tells apart."""

from __future__ import annotations

from harness.errors import HarnessError


class UserError(HarnessError):
    """Something the user sent is wrong; the message says what and what to change.

    Shown as `UserError` in the details of the child job. Any other exception of a step is a
    `SystemError` with the last lines of its traceback.
    """
