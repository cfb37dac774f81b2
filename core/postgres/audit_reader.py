"""Reads the whole audit log in one state, for processes that verify it and do nothing else.

Blocking, and with cursors of the server: neither rows nor seals are ever all in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Final, Self

import psycopg
from psycopg import sql
from psycopg.rows import args_row, class_row

from core.domain.audit_retirement import SignedRetirement
from core.domain.audit_row_text import RowText
from core.domain.audit_seal import SignedHead
from core.domain.errors import ServerBusy
from core.domain.ports.audit_reading import LogView, StoredSeal
from core.postgres import audit_reader_rows as rows
from core.postgres.audit_retirements import LIST_AUDIT_RETIREMENTS, to_signed
from core.postgres.audit_seal_rows import READ_NEWEST_HEAD, LockParams, to_head
from core.postgres.connection import PostgresLogin, PostgresOptions, connection_parameters
from core.postgres.database_origin import READ_ORIGIN
from core.postgres.errors import translate
from core.postgres.statements import Many, NoParams, One, ParamsT, RowT

LOCK_KEY: Final = 0x61756469745F7665
"""The advisory lock of whoever verifies: «audit_ve»."""

RETRY_AFTER_SECONDS: Final = 10.0
"""When somebody who finds a verification under way may ask again."""

_FETCHED_AT_ONCE: Final = 5000
_SEALS_AT_ONCE: Final = 20
_HOURS: Final = 12 * 3600.0

_SETTINGS: Final = (
    # Texts of times as the canonical form expects them, whatever the database's own settings are.
    " -c datestyle=ISO,YMD -c timezone=UTC -c default_transaction_read_only=on"
    " -c default_transaction_isolation=repeatable\\ read -c jit=off"
)


class PostgresLogReader:
    """Implements LogReader on a connection of its own, in one transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Take a connection that sees one state of the database."""
        self._connection = connection

    @classmethod
    def open(cls, options: PostgresOptions, login: PostgresLogin, snapshot: str | None) -> Self:
        """Connect, and see what the session sees that exported a snapshot, or what there is now.

        Raises:
            DependencyUnavailable: the server is out of reach or refuses the login.
        """
        patient = replace(
            options,
            statement_timeout_seconds=_HOURS,
            idle_in_transaction_timeout_seconds=_HOURS,
        )
        parameters = connection_parameters(patient, login)
        parameters |= {"options": f"{parameters['options']}{_SETTINGS}", "autocommit": False}
        with _translated("connect"):
            connection = psycopg.Connection.connect(**parameters)  # type: ignore[arg-type]
            if snapshot is not None:
                command = sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot)
                connection.execute(command)
        return cls(connection)

    def begin(self) -> LogView:
        """Take the right to verify, and tell what is seen.

        Raises:
            ServerBusy: somebody else verifies.
        """
        begun = self._one(rows.BEGIN_VERIFICATION, LockParams(lock_key=LOCK_KEY))
        if begun is None or not begun.is_taken:
            raise ServerBusy(
                "A verification is under way.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        return LogView(
            snapshot=begun.snapshot,
            next_transaction=int(begun.next_transaction),
            sealed_sequence=begun.sealed_sequence or 0,
            newest=self.newest(),
        )

    def origin_kind(self) -> str | None:
        """Tell what the rows are, `anonymized` or `synthetic`; None: they are original."""
        found = self._one(READ_ORIGIN, NoParams())
        return None if found is None else found.kind

    def close(self) -> None:
        """End the transaction, and with it the right to verify, and then the session."""
        # The server ends what a closed connection leaves open a moment later; who asks at once for
        # the right would be refused.
        with suppress(psycopg.Error):
            self._connection.rollback()
        self._connection.close()

    def boundaries(self, step: int) -> Sequence[int]:
        """Return numbers that divide the log into parts of about so many sealed rows."""
        params = rows.BoundariesParams(step=step)
        return [found.first_sequence for found in self._many(rows.READ_ROW_BOUNDARIES, params)]

    def seal_of(self, sequence: int) -> int | None:
        """Return the number of the seal that covers a row."""
        found = self._one(rows.FIND_SEAL_OF, rows.SequenceParams(sequence=sequence))
        return None if found is None else found.number

    def newest(self) -> SignedHead | None:
        """Return what the newest seal states."""
        found = self._one(READ_NEWEST_HEAD, NoParams())
        return None if found is None else to_head(found)

    def seals(self, first: int, last: int) -> Iterator[StoredSeal]:
        """Yield the seals between two numbers."""
        params = rows.SealsParams(first=first, last=last)
        for found in self._stream(rows.READ_SEALS, params, _SEALS_AT_ONCE):
            yield StoredSeal(
                signed=found.signed_head(),
                sequences=found.sequences,
                leaf_hashes=found.leaf_hashes,
                frontier=found.frontier,
                hash=found.hash,
            )

    def leaves(self, above: int, up_to: int) -> Iterator[tuple[Sequence[int | None], bytes]]:
        """Yield what seals cover that may cover rows of the range."""
        params = rows.RangeParams(above=above, up_to=up_to)
        for found in self._stream(rows.READ_LEAVES, params, _SEALS_AT_ONCE):
            yield found.sequences, found.leaf_hashes

    def rows(self, above: int, up_to: int) -> Iterator[RowText]:
        """Yield the rows of the range."""
        params = rows.RangeParams(above=above, up_to=up_to)
        text = rows.READ_ROW_RANGE.text
        with (
            _translated(rows.READ_ROW_RANGE.name),
            self._connection.cursor("rows", row_factory=args_row(RowText)) as cursor,
        ):
            cursor.itersize = _FETCHED_AT_ONCE
            cursor.execute(text, params, binary=True)
            yield from cursor

    def retirements(self) -> Sequence[SignedRetirement]:
        """Return the records of the months that were dropped."""
        return [to_signed(found) for found in self._many(LIST_AUDIT_RETIREMENTS, NoParams())]

    def heads_of(self, numbers: Sequence[int]) -> Sequence[SignedHead]:
        """Return what the seals with these numbers state."""
        params = rows.NumbersParams(numbers=list(numbers))
        return [to_head(found) for found in self._many(rows.READ_HEADS_OF, params)]

    def _one(self, statement: One[ParamsT, RowT], params: ParamsT) -> RowT | None:
        with _translated(statement.name):
            cursor = self._connection.cursor(row_factory=class_row(statement.row))
            return cursor.execute(statement.text, params, binary=True).fetchone()

    def _many(self, statement: Many[ParamsT, RowT], params: ParamsT) -> Sequence[RowT]:
        with _translated(statement.name):
            cursor = self._connection.cursor(row_factory=class_row(statement.row))
            return cursor.execute(statement.text, params, binary=True).fetchall()

    def _stream(
        self, statement: Many[ParamsT, RowT], params: Mapping[str, object], at_once: int
    ) -> Iterator[RowT]:
        with (
            _translated(statement.name),
            self._connection.cursor("seals", row_factory=class_row(statement.row)) as cursor,
        ):
            cursor.itersize = at_once
            cursor.execute(statement.text, params, binary=True)
            yield from cursor


@contextmanager
def _translated(statement: str) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, statement) from None
