"""The search for original values: gathered once, looked for everywhere, and confirmed."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from core.data.scanning.tokens import SHORTEST, normal, tokens
from core.data.scanning.value_filter import ValueFilter

_CLEAN_MOST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """What was looked for and where; `hits` counts finds by `table.column`."""

    originals: int
    cells: int
    columns: int
    hits: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(slots=True, kw_only=True)
class Seen:
    """What was seen in some cells: how many, of which columns, and what looks like an original.

    Looks, and need not be: a filter tells. Values stay out of everything that is told.
    """

    cells: int = 0
    columns: set[str] = field(default_factory=set)
    candidates: dict[str, Counter[str]] = field(default_factory=dict, repr=False)
    """By value: how often it was seen in each `table.column`."""

    def add(self, other: "Seen") -> None:
        """Take in what was seen elsewhere."""
        self.cells += other.cells
        self.columns |= other.columns
        for value, places in other.candidates.items():
            self.candidates.setdefault(value, Counter()).update(places)

    def report(self, originals: int, confirmed: Collection[str]) -> ScanReport:
        """Return what was found, once it is known which candidates are originals."""
        hits: defaultdict[str, int] = defaultdict(int)
        for value in confirmed:
            for place, count in self.candidates[value].items():
                hits[place] += count
        return ScanReport(
            originals=originals,
            cells=self.cells,
            columns=len(self.columns),
            hits=MappingProxyType(dict(hits)),
        )


class Search:
    """Gathers originals in a filter, and looks for them in cells."""

    def __init__(self, known: ValueFilter, vocabulary: frozenset[str]) -> None:
        """Take a filter, empty or not, and words of the service's own, which are no originals."""
        self._filter = known
        self._vocabulary = frozenset(map(normal, vocabulary))
        self._clean: set[str] = set()

    def gather(self, originals: Iterable[str]) -> int:
        """Take original values; return how many there were."""
        count = 0
        for original in originals:
            value = normal(original)
            if self._counts(value):
                self._filter.add(value)
                count += 1
        return count

    def look(self, place: str, cells: Iterable[str | None]) -> Seen:
        """Look through cells of one column, `table.column`."""
        seen, clean = Seen(columns={place}), self._clean
        for cell in cells:
            if cell is None or cell in clean:
                continue
            seen.cells += 1
            found = {value for value in tokens(cell) if self._filter.may_hold(value)}
            for value in found:
                seen.candidates.setdefault(value, Counter())[place] += 1
            if not found and len(clean) < _CLEAN_MOST:
                clean.add(cell)
        return seen

    def confirm(self, candidates: Collection[str], originals: Iterable[str]) -> set[str]:
        """Return the candidates that are among originals, which are read once more."""
        return {
            value
            for original in originals
            if (value := normal(original)) in candidates and self._counts(value)
        }

    def _counts(self, value: str) -> bool:
        return len(value) >= SHORTEST and value not in self._vocabulary
