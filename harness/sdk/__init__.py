"""What changes between two releases of the SDK: does it install, import, run; what it asks."""
