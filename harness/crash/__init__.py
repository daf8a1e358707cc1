"""The crash campaign: end the run at every exchange, in every way, and count what is left."""
