"""What the check finds, each with its file and its statement."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One difference. `statement` is empty where a finding concerns a file as a whole."""

    file: str
    statement: str = ""
    problem: str

    def __str__(self) -> str:
        """Name the place, then the problem."""
        place = f"{self.file}: {self.statement}" if self.statement else self.file
        return f"{place}: {self.problem}"
