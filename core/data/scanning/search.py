"""The search for original values in cells."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from core.data.scanning.digests import Digests
from core.data.scanning.known_values import KnownValues
from core.data.scanning.tokens import SHORTEST, normal, pieces, tokens

_CLEAN_MOST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What was looked for and where; `hits` counts finds by `table.column`."""

    originals: int
    cells: int
    columns: int
    hits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class Search:
    """Takes cells, and tells which hold originals. Values stay out of everything that it says."""

    def __init__(self, known: KnownValues, digests: Digests) -> None:
        """Take the originals, and what makes digests of values."""
        self._known = known
        self._digests = digests
        self._clean: set[str] = set()
        self.cells = 0
        self.hits: Counter[str] = Counter()

    def begin(self) -> None:
        """Count from nothing again; what was seen to be clean stays known."""
        self.cells = 0
        self.hits = Counter()

    def look(self, place: str, cells: Iterable[str | None]) -> None:
        """Look through cells of one column, `table.column`."""
        clean = self._clean
        for cell in cells:
            if cell is None:
                continue
            self.cells += 1
            if cell in clean:
                continue
            found: set[str] = set()
            for piece, is_looked_into in pieces(cell):
                if piece in clean:
                    continue
                values = tokens(piece) if is_looked_into else (normal(piece),)
                originals = self._originals(values)
                if originals:
                    found |= originals
                elif len(clean) < _CLEAN_MOST:
                    clean.add(piece)
            if found:
                clean.discard(cell)
                self.hits[place] += len(found)

    def _originals(self, values: Iterable[str]) -> set[str]:
        digest, holds = self._digests.digest, self._known.holds
        return {value for value in values if len(value) >= SHORTEST and holds(digest(value))}
