"""What two recordings of a scenario ask: the wire diff, for who upgrades the SDK."""
