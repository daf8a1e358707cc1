"""The nine steps as plain functions over the SDK, one module each, the same for every target.

The SDK is imported inside the functions: importing it costs about two seconds, and some of its
settings are read from the environment at import, which the target has to set first.
"""
