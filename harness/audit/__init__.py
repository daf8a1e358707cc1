"""The audit of cassettes: does a file hold what nobody may see? `cassettes audit` runs it."""
