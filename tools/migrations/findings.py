"""What the check finds in a migration."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """A statement that may stop the service, and the rule that says so."""

    file: str
    rule: str
    problem: str

    def __str__(self) -> str:
        """Name file and rule, then the problem."""
        return f"{self.file}: {self.rule}: {self.problem}"
