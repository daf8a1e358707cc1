"""What may exist and cost money (ledger), how each kind goes away (kinds), and the proof."""
