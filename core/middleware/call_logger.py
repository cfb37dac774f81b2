"""What the stages say things to."""

from typing import Protocol


class CallLogger(Protocol):
    """Says what happened, with facts beside it. Below the log's level nothing is written."""

    def debug(self, event: str, **facts: object) -> object:
        """Say what only who looks for a fault wants to know."""
        ...

    def info(self, event: str, **facts: object) -> object:
        """Say what happened."""
        ...

    def warning(self, event: str, **facts: object) -> object:
        """Say what should not happen often."""
        ...

    def error(self, event: str, **facts: object) -> object:
        """Say what somebody has to look at."""
        ...
