"""A statement and its declaration differ in many ways; each is named."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from core.postgres.statements import Exec, Many, NoParams, One, Statement
from tools.sqlc.comparison import differences
from tools.sqlc.server import Column, Description


class AccountParams(TypedDict):
    user_id: UUID
    role: str | None
    at: datetime
    row_limit: int
    ids: list[UUID]
    details: Jsonb


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    id: UUID
    full_name: str | None
    amr: list[str]
    details: Mapping[str, str]
    admins: int


PARAMETERS = {
    "user_id": "uuid",
    "role": "text",
    "at": "timestamp with time zone",
    "row_limit": "bigint",
    "ids": "uuid[]",
    "details": "jsonb",
}
COLUMNS = [
    Column(name="id", type="uuid", nullable=False),
    Column(name="full_name", type="text", nullable=True),
    Column(name="amr", type="text[]", nullable=False),
    Column(name="details", type="jsonb", nullable=False),
    Column(name="admins", type="bigint", nullable=None),
]
READ = Many("accounts", "list_accounts", AccountParams, AccountRow)


def found(
    statement: Statement[Any] = READ,
    parameters: Mapping[str, str] = PARAMETERS,
    columns: list[Column] = COLUMNS,
) -> list[str]:
    return list(differences(statement, Description(parameters=parameters, columns=columns)))


def with_column(index: int, column: Column) -> list[Column]:
    return [column if i == index else old for i, old in enumerate(COLUMNS)]


def test_a_statement_that_agrees_has_no_difference() -> None:
    assert found() == []


def test_a_parameter_that_nobody_gives_is_named() -> None:
    assert found(parameters={**PARAMETERS, "email": "text"}) == [
        "parameter email is missing in AccountParams"
    ]


def test_a_parameter_that_the_statement_does_not_take_is_named() -> None:
    fewer = {name: kind for name, kind in PARAMETERS.items() if name != "role"}
    assert found(parameters=fewer) == ["parameter role of AccountParams is not in the statement"]


@pytest.mark.parametrize(
    ("name", "postgres_type", "spelled"),
    [
        ("user_id", "text", "UUID"),
        ("role", "uuid", "str"),
        ("at", "timestamp without time zone", "datetime"),
        ("row_limit", "boolean", "int"),
        ("ids", "text[]", "list[uuid.UUID]"),
        ("details", "text", "Jsonb"),
    ],
)
def test_a_parameter_of_another_type_is_named(name: str, postgres_type: str, spelled: str) -> None:
    assert found(parameters={**PARAMETERS, name: postgres_type}) == [
        f"parameter {name}: PostgreSQL takes {postgres_type}, AccountParams gives {spelled}"
    ]


def test_a_column_without_a_field_is_named() -> None:
    more = [*COLUMNS, Column(name="email", type="text", nullable=False)]
    assert found(columns=more) == ["column email is missing in AccountRow"]


def test_a_field_without_a_column_is_named() -> None:
    assert found(columns=COLUMNS[:-1]) == ["field admins of AccountRow is not among the columns"]


def test_columns_in_another_order_are_named() -> None:
    swapped = [COLUMNS[1], COLUMNS[0], *COLUMNS[2:]]
    (difference,) = found(columns=swapped)
    assert difference.startswith("columns come as ['full_name', 'id'")


@pytest.mark.parametrize(
    ("index", "postgres_type", "spelled"),
    [
        (0, "text", "UUID"),
        (1, "uuid", "str"),
        (2, "text", "list[str]"),
        (3, "text", "collections.abc.Mapping[str, str]"),
        (4, "numeric", "int"),
    ],
)
def test_a_column_of_another_type_is_named(index: int, postgres_type: str, spelled: str) -> None:
    old = COLUMNS[index]
    other = Column(name=old.name, type=postgres_type, nullable=old.nullable)
    assert found(columns=with_column(index, other)) == [
        f"column {old.name}: PostgreSQL gives {postgres_type}, AccountRow says {spelled}"
    ]


def test_a_column_that_may_be_null_needs_a_field_that_may_be_none() -> None:
    nullable = Column(name="id", type="uuid", nullable=True)
    assert found(columns=with_column(0, nullable)) == [
        "column id may be null, but not in AccountRow"
    ]


def test_a_column_that_is_never_null_needs_no_none() -> None:
    never = Column(name="full_name", type="text", nullable=False)
    assert found(columns=with_column(1, never)) == [
        "column full_name is never null, but may be None in AccountRow"
    ]


def test_an_expression_may_be_declared_either_way() -> None:
    unknown = Column(name="full_name", type="text", nullable=None)
    assert found(columns=with_column(1, unknown)) == []


def test_columns_that_nobody_reads_are_named() -> None:
    forgotten = Exec("accounts", "get_account", NoParams)
    assert found(forgotten, parameters={}, columns=COLUMNS[:1]) == [
        "answers columns of a table, but is declared as :exec, so nobody reads them"
    ]


def test_the_answer_of_a_function_may_be_left_unread() -> None:
    lock = Exec("accounts", "lock_admins", NoParams)
    void = [Column(name="pg_advisory_xact_lock", type="void", nullable=None)]
    assert found(lock, parameters={}, columns=void) == []


def test_a_statement_of_one_row_is_compared_as_well() -> None:
    one = One("accounts", "get_account", NoParams, AccountRow)
    assert found(one, parameters={}, columns=COLUMNS[:-1]) != []
