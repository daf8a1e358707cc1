"""The twin: an embedded Azure ML. Control plane, blob store, engine and serving are real and local."""
