"""What ends a measurement."""


class BenchError(Exception):
    """Something that is measured does not run, or a program that measures is missing."""
