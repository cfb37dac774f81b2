"""What the sender tells about its work."""

from typing import Protocol


class SenderMetrics(Protocol):
    """Takes numbers; must neither fail nor block. Causes are short names."""

    def sent(self, template: str, lag_seconds: float) -> None:
        """A mail server has taken a mail, so long after it was written."""
        ...

    def refused(self, cause: str) -> None:
        """A mail was refused and is tried again later."""
        ...

    def abandoned(self, cause: str) -> None:
        """A mail will not be sent."""
        ...

    def failed(self, cause: str) -> None:
        """Nothing could be sent: the name of a dependency, or `internal`."""
        ...

    def backlog(self, count: int, oldest_age_seconds: float) -> None:
        """This many mails wait, the oldest of them so long; 0 and 0 when none does."""
        ...
