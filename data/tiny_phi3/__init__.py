"""A real Phi-3 of 0.24 M parameters with its own tokenizer, and what generates it."""
