"""Deployments as real processes of azureml-inference-server-http, and what they answer."""
