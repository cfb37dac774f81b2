"""What can go wrong while servers start, in words for the person at the terminal."""


class DevstackError(Exception):
    """Base of all errors here; its text is one clear line (and, where it helps, a log's end)."""


class PortInUseError(DevstackError):
    """A port is held by a program that this stack did not start."""

    def __init__(self, *, port: int, variable: str, purpose: str) -> None:
        self.port = port
        self.variable = variable
        super().__init__(
            f"port {port} ({purpose}) is in use by another program; stop that program or "
            f"choose another port with the environment variable {variable}"
        )


class NotReadyError(DevstackError):
    """A process died, or did not become ready before its deadline."""

    def __init__(self, *, name: str, reason: str, log_end: str) -> None:
        self.name = name
        self.reason = reason
        said = f"; its log ends with:\n{log_end}" if log_end else ""
        super().__init__(f"{name} {reason}{said}")


class StopFailedError(DevstackError):
    """A process goes on after SIGKILL or SIGSTOP, which only the kernel can explain."""


class StateDirectoryError(DevstackError):
    """The state directory is another user's, or a part of it that must be there is missing."""


class AccountError(DevstackError):
    """The OS account that PostgreSQL needs under root could not be made."""
