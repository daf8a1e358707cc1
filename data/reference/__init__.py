"""Reference distributions of training runs, and what makes them."""
