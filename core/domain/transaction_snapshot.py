"""Snapshots of PostgreSQL in their text form, `xmin:xmax:xip,xip,…`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransactionSnapshot:
    """Which transactions it shows: those before `end`, but for those that were `under_way`."""

    end: int
    under_way: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "TransactionSnapshot":
        """Read a snapshot.

        Raises:
            ValueError: the text is none.
        """
        _, end, under_way = text.split(":")
        return cls(int(end), frozenset(map(int, filter(None, under_way.split(",")))))

    def shows(self, transaction: int) -> bool:
        """Tell whether it shows what a transaction committed (`pg_visible_in_snapshot`)."""
        return transaction < self.end and transaction not in self.under_way


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRegion:
    """Which rows must be sealed, by the last seal: `last_sequence` bounds an incomplete one."""

    since: TransactionSnapshot
    snapshot: TransactionSnapshot
    last_sequence: int | None

    def covers(self, transaction: int, sequence: int) -> bool:
        """Tell whether a row that a transaction wrote must be in a seal."""
        if self.last_sequence is None or sequence <= self.last_sequence:
            return self.snapshot.shows(transaction)
        return self.since.shows(transaction)
