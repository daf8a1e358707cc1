"""`python -m harness`."""

import sys

try:
    from harness.cli import main

    code = main()
except ModuleNotFoundError as error:
    if (error.name or "harness").startswith("harness"):
        raise
    sys.exit(f"{error} in {sys.executable}. Next: make light, then .venv/bin/python -m harness")
raise SystemExit(code)
