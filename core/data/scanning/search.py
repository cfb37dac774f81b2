"""The search for original values: gathered once, looked for everywhere, and confirmed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from core.data.scanning.tokens import SHORTEST, normal, tokens
from core.data.scanning.value_filter import ValueFilter

Originals = Callable[[], Iterable[str]]
"""Reads every original value once more."""

_CLEAN_MOST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What was looked for and where; `hits` counts finds by `table.column`."""

    originals: int
    cells: int
    columns: int
    hits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


class Search:
    """Takes originals, then cells, then tells. Values stay out of everything that it says."""

    def __init__(self, expected: int, vocabulary: frozenset[str]) -> None:
        """Take how many originals there may be, and words of the service's own, which are none."""
        self._filter = ValueFilter(expected)
        self._vocabulary = frozenset(map(normal, vocabulary))
        self._candidates: dict[str, dict[str, int]] = {}
        self._clean: set[str] = set()
        self.originals = 0
        self.cells = 0
        self._columns: set[str] = set()

    def gather(self, originals: Iterable[str]) -> None:
        """Take original values."""
        for original in originals:
            value = normal(original)
            if self._counts(value):
                self._filter.add(value)
                self.originals += 1

    def look(self, place: str, cells: Iterable[str | None]) -> None:
        """Look through cells of one column, `table.column`."""
        self._columns.add(place)
        clean = self._clean
        for cell in cells:
            if cell is None or cell in clean:
                continue
            self.cells += 1
            found = {value for value in tokens(cell) if self._filter.may_hold(value)}
            for value in found:
                places = self._candidates.setdefault(value, {})
                places[place] = places.get(place, 0) + 1
            if not found and len(clean) < _CLEAN_MOST:
                clean.add(cell)

    def confirmed(self, originals: Originals) -> ScanReport:
        """Read the originals again, if anything looks like one; return what is one."""
        hits: dict[str, int] = {}
        if self._candidates:
            for original in originals():
                value = normal(original)
                if value in self._candidates and self._counts(value):
                    for place, count in self._candidates.pop(value).items():
                        hits[place] = hits.get(place, 0) + count
        return ScanReport(
            originals=self.originals,
            cells=self.cells,
            columns=len(self._columns),
            hits=MappingProxyType(hits),
        )

    def _counts(self, value: str) -> bool:
        return len(value) >= SHORTEST and value not in self._vocabulary
