"""What goes over the wire: operations and exchanges, one model for every reader."""
