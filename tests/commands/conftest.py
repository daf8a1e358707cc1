"""Packages come from the index of the tests of the SDK's releases."""

from tests.sdk.conftest import index

__all__ = ["index"]
