"""What the checks of a run have found and counted."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

_SHOWN = 12
_LENGTH = 2000


@dataclass
class Findings:
    """Problems by check, and counts in the order in which they were first made."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, check: str, problem: str) -> None:
        """Note a problem."""
        self.problems[check].append(problem)

    def require(self, check: str, problem: str, *, holds: bool) -> None:
        """Note a problem unless a condition holds."""
        if not holds:
            self.add(check, problem)

    def text(self) -> str:
        """Return the first problems of each check."""
        lines = []
        for check, found in self.problems.items():
            lines.append(f"{check}: {len(found)} problems")
            lines.extend(f"  {problem[:_LENGTH]}" for problem in found[:_SHOWN])
        return "\n".join(lines)
