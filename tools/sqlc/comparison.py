"""Compares what PostgreSQL says of a statement with the types that Python declares."""

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from psycopg.types.json import Jsonb

from core.postgres.statements import Many, One, Statement
from tools.sqlc.server import Column, Description

_PYTHON_TYPES: Mapping[str, tuple[object, ...]] = {
    "uuid": (UUID,),
    "text": (str,),
    "boolean": (bool,),
    "smallint": (int,),
    "integer": (int,),
    "bigint": (int,),
    "double precision": (float,),
    "bytea": (bytes,),
    "timestamp with time zone": (datetime,),
    "jsonb": (Jsonb, dict, Mapping),
    "uuid[]": (list[UUID],),
    "text[]": (list[str],),
    "bigint[]": (list[int],),
}


def differences(statement: Statement[Any], described: Description) -> Iterator[str]:
    """Yield every difference between a declaration and what PostgreSQL says, in words."""
    yield from _parameter_differences(statement.params, described.parameters)
    if isinstance(statement, (One, Many)):
        yield from _column_differences(statement.row, described.columns)
    elif any(column.nullable is not None for column in described.columns):
        yield "answers columns of a table, but is declared as :exec, so nobody reads them"


def _parameter_differences(params: type[Any], asked: Mapping[str, str]) -> Iterator[str]:
    declared = get_type_hints(params)
    for name in asked.keys() - declared.keys():
        yield f"parameter {name} is missing in {params.__name__}"
    for name in declared.keys() - asked.keys():
        yield f"parameter {name} of {params.__name__} is not in the statement"
    for name in declared.keys() & asked.keys():
        plain, _ = _without_none(declared[name])
        if not _fits(plain, asked[name]):
            yield (
                f"parameter {name}: PostgreSQL takes {asked[name]},"
                f" {params.__name__} gives {_spelled(plain)}"
            )


def _column_differences(row: type[Any], columns: Sequence[Column]) -> Iterator[str]:
    declared = get_type_hints(row)
    names = [field.name for field in fields(row)]
    answered = [column.name for column in columns]
    for name in sorted(set(answered) - set(names)):
        yield f"column {name} is missing in {row.__name__}"
    for name in sorted(set(names) - set(answered)):
        yield f"field {name} of {row.__name__} is not among the columns"
    if sorted(names) == sorted(answered) and names != answered:
        yield f"columns come as {answered}, {row.__name__} has them as {names}"
    for column in columns:
        if column.name in declared:
            yield from _type_differences(row, column, declared[column.name])


def _type_differences(row: type[Any], column: Column, declared: object) -> Iterator[str]:
    plain, optional = _without_none(declared)
    if not _fits(plain, column.type):
        yield (
            f"column {column.name}: PostgreSQL gives {column.type},"
            f" {row.__name__} says {_spelled(plain)}"
        )
    if column.nullable is True and not optional:
        yield f"column {column.name} may be null, but not in {row.__name__}"
    if column.nullable is False and optional:
        yield f"column {column.name} is never null, but may be None in {row.__name__}"


def _without_none(declared: object) -> tuple[object, bool]:
    """Split `X | None` into X and True; return any other type with False."""
    if get_origin(declared) not in {types.UnionType, Union}:
        return declared, False
    arguments = get_args(declared)
    rest = [argument for argument in arguments if argument is not type(None)]
    return (rest[0] if len(rest) == 1 else declared), len(rest) < len(arguments)


def _fits(declared: object, postgres_type: str) -> bool:
    known = _PYTHON_TYPES.get(postgres_type, ())
    return declared in known or get_origin(declared) in known


def _spelled(declared: object) -> str:
    return (
        declared.__name__
        if isinstance(declared, type) and not get_args(declared)
        else str(declared)
    )
