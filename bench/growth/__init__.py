"""Whether a large database is as fast as a small one: `make bench-growth`."""
