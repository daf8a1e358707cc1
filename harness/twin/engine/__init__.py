"""The engine: a submitted pipeline job runs as five child jobs, each a real process."""
