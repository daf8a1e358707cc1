"""Acceptance and benchmark harness for the Azure ML chat-completion fine-tune recipe."""
