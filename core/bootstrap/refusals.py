"""What a task of an operator ends with when it is refused. Every process loads it: no libraries."""


class OperationRefused(Exception):
    """The service refuses what the operator asked for; the message is one line."""
