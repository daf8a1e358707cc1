"""Runs in a release's own interpreter, alone: imports the SDK, writes how that went as JSON.

Its argument is the file to write: what a package prints when it is imported is no part of it.
It may use nothing but the standard library: what is installed beside it is what is being tried.
"""

import importlib.metadata
import json
import re
import sys
import time
import traceback
import warnings


def blamed(module: str, trace: traceback.StackSummary) -> list[str]:
    """The packages that the error leads through, innermost first; those of Azure share a folder."""
    files = [frame.filename.partition("site-packages/")[2] for frame in trace]
    tops = [module.split(".")[0], *(file.split("/")[0] for file in files[::-1])]
    owners = importlib.metadata.packages_distributions()
    return list(dict.fromkeys(owners[top][0] for top in tops if top in owners and top != "azure"))


began = time.perf_counter()
error, module, packages = "", "", []
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    try:
        import azure.ai.ml
        import azure.ai.ml.entities
        import azure.identity  # noqa: F401  # that it imports is the point
    except BaseException as failure:  # also SystemExit: whatever it is, it did not import
        text = re.sub(r"\(/[^)]*\)", "", f"{type(failure).__name__}: {failure}")
        error, module = " ".join(text.split()), str(getattr(failure, "name", None) or "")
        packages = blamed(module, traceback.extract_tb(failure.__traceback__))
with open(sys.argv[1], "w", encoding="utf-8") as report:
    json.dump(
        {
            "error": error,
            "missing": error.startswith("ModuleNotFoundError"),
            "module": module,
            "packages": packages,
            "seconds": round(time.perf_counter() - began, 2),
            "warnings": sorted(
                {f"{w.category.__name__}: {w.message}".split("\n")[0] for w in seen}
            ),
        },
        report,
    )
