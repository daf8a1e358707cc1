"""Which VM sizes a step may use, and what to say when the wanted one is not among them."""

from __future__ import annotations

from harness.errors import RefusedError

# K80 machines: refused by the recipe when the model publishes no list
K80_SIZES = ("standard_nc6", "standard_nc12", "standard_nc24", "standard_nc24r")


def check_size(size: str, allowed: tuple[str, ...] | None, *, use: str, key: str) -> str | None:
    """Refuse a size outside the model's list, ignoring case; a note when there was no list.

    Without a list only the K80 sizes are refused, as the recipe does, and the returned note says
    that the check could not tell. Raises RefusedError naming the sizes that would do.
    """
    if allowed is not None:
        if size.lower() not in [name.lower() for name in allowed]:
            raise RefusedError(
                f"VM size {size} is not in the model's list for {use}. Next: set {key} in "
                f"plan.toml to one of {', '.join(allowed)}"
            )
        return None
    if size.lower() in K80_SIZES:
        raise RefusedError(
            f"VM size {size} has K80 GPUs, which cannot run this {use}. Next: set {key} in "
            "plan.toml to a size with V100 or A100 GPUs, such as Standard_NC24ads_A100_v4"
        )
    return f"the model publishes no list of sizes for {use}: cannot tell whether {size} is right"
