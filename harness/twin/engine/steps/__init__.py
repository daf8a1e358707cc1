"""The five steps of a fine-tune job; each module has one `run(step)`."""
