"""What `make bench` measures: which calls, of whom, in which order."""
