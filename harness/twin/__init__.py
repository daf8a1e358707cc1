"""The twin: an embedded Azure ML. Control plane, blobs, engine and serving are real and local."""
