"""Is this training run one of ours? Its figures against a distribution of reference runs."""
