"""What the benchmark of the cleanup takes away."""
