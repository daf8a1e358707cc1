"""Makes the harness's options, header and report available to every test under this root."""

pytest_plugins = ["harness.pytest_plugin", "pytester"]
