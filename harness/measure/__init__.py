"""Numbers and the conditions they were measured under."""
