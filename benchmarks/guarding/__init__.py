"""The parts of `benchmarks/cleanup_overhead.py`."""
