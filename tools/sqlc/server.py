"""Asks PostgreSQL what a statement takes and gives, by preparing it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

_PARAMETER = re.compile(r"%\((?P<name>\w+)\)s")
_OUTER_JOIN = re.compile(r"\b(left|right|full)\s+(outer\s+)?join\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A result column. `nullable` is None where PostgreSQL does not know (an expression)."""

    name: str
    type: str
    nullable: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What PostgreSQL says of a statement; types by PostgreSQL's names."""

    parameters: Mapping[str, str]
    columns: Sequence[Column]


class Refused(Exception):
    """PostgreSQL cannot prepare the statement on this schema."""


def describe(connection: psycopg.Connection, sql: str) -> Description:
    """Prepare a statement and return its parameters and its result columns.

    Raises:
        Refused: PostgreSQL says why in the first line of its message.
    """
    names = list(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match['name']) + 1}", sql)
    numbered = numbered.replace("%%", "%")
    _checked(connection.pgconn.prepare(b"", numbered.encode()))
    described = _checked(connection.pgconn.describe_prepared(b""))
    types = [_type_name(connection, described.param_type(i)) for i in range(described.nparams)]
    outer_join = _OUTER_JOIN.search(sql) is not None
    return Description(
        parameters=dict(zip(names, types, strict=True)),
        columns=[
            _column(connection, described, i, outer_join=outer_join)
            for i in range(described.nfields)
        ],
    )


def _column(
    connection: psycopg.Connection, described: PGresult, index: int, *, outer_join: bool
) -> Column:
    name = described.fname(index) or b""
    table, number = described.ftable(index), described.ftablecol(index)
    knows = table != 0 and number > 0 and not outer_join
    return Column(
        name=name.decode(),
        type=_type_name(connection, described.ftype(index)),
        nullable=_is_nullable(connection, table, number) if knows else None,
    )


def _type_name(connection: psycopg.Connection, oid: int) -> str:
    row = connection.execute("SELECT format_type(%s, NULL)", (oid,)).fetchone()
    return str(row[0]) if row else f"oid {oid}"


def _is_nullable(connection: psycopg.Connection, table: int, number: int) -> bool:
    row = connection.execute(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s AND attnum = %s", (table, number)
    ).fetchone()
    return row is None or not row[0]


def _checked(result: PGresult) -> PGresult:
    if result.status != ExecStatus.COMMAND_OK:
        raise Refused(result.get_error_message().splitlines()[0])
    return result
