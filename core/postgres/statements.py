"""Named SQL statements: declared with their types here, written in `sql/*.sql`.

A file holds any number of statements, each below a header of two kinds of comment:

    -- name: get_user_by_id :one
    -- purpose: Reads one account, deleted or not.
    SELECT …

`:one` answers one row or none, `:many` any number, `:exec` none. Parameters are psycopg's named
ones, `%(user_id)s`. A declaration names the file, the statement, a TypedDict of the parameters and
the frozen record of one row, whose fields stand in the order of the columns; `make sqlc` compares
all of that with the migrated schema.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import ClassVar, Generic, TypedDict, TypeVar

ParamsT = TypeVar("ParamsT", bound=Mapping[str, object])
RowT = TypeVar("RowT")

_HEADER = re.compile(r"(?m)^-- name: *(?P<name>[a-z][a-z0-9_]*) +:(?P<kind>one|many|exec) *$")
_PURPOSE = re.compile(r"(?m)^-- purpose: *(?P<purpose>\S.*)$")
_CHANGING_WORDS = re.compile(r"(?i)\b(insert|update|delete|truncate|merge|lock|\w+_lock\w*)\b")


class NoParams(TypedDict):
    """The parameters of a statement that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSql:
    """One statement as its file has it. `purpose` is empty where the file gives none."""

    name: str
    kind: str
    purpose: str
    text: str


@dataclass(frozen=True, slots=True)
class Statement(Generic[ParamsT]):
    """A statement in `sql/<file>.sql` together with the type of its parameters.

    A statement that is not `prepared` is planned anew with the values of every call. That costs
    some planning, and pays where a filter is optional: `%(role)s IS NULL OR role = %(role)s`.
    """

    kind: ClassVar[str]

    file: str
    name: str
    params: type[ParamsT]
    prepared: bool = field(default=True, kw_only=True)

    @property
    def text(self) -> str:
        """The SQL, with the statement's name in front so that the server's views show it."""
        return _text(self.file, self.name)

    @property
    def changes(self) -> bool:
        """Whether it writes rows or holds locks, and so belongs into a transaction."""
        return _changes(self.file, self.name)


@dataclass(frozen=True, slots=True)
class One(Statement[ParamsT], Generic[ParamsT, RowT]):
    """A statement that answers one row or none."""

    kind: ClassVar[str] = "one"

    row: type[RowT]


@dataclass(frozen=True, slots=True)
class Many(Statement[ParamsT], Generic[ParamsT, RowT]):
    """A statement that answers any number of rows."""

    kind: ClassVar[str] = "many"

    row: type[RowT]


@dataclass(frozen=True, slots=True)
class Exec(Statement[ParamsT]):
    """A statement that answers no rows, only how many it touched."""

    kind: ClassVar[str] = "exec"


@cache
def load(file: str) -> Mapping[str, NamedSql]:
    """Read the statements of `sql/<file>.sql`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: two statements share a name, or SQL stands before the first header.
    """
    source = resources.files("core.postgres.sql").joinpath(f"{file}.sql").read_text("utf-8")
    return parse(source)


def parse(source: str) -> Mapping[str, NamedSql]:
    """Split the text of a file into its statements, in their order.

    Raises:
        ValueError: two statements share a name, or SQL stands before the first header.
    """
    headers = list(_HEADER.finditer(source))
    preamble = source[: headers[0].start()] if headers else source
    if _without_comments(preamble):
        raise ValueError("SQL stands before the first `-- name:` line")
    ends = [header.start() for header in headers[1:]] + [len(source)]
    found: dict[str, NamedSql] = {}
    for header, end in zip(headers, ends, strict=True):
        name = header["name"]
        if name in found:
            raise ValueError(f"two statements are named {name}")
        body = source[header.end() : end]
        purpose = _PURPOSE.search(body)
        found[name] = NamedSql(
            name=name,
            kind=header["kind"],
            purpose=purpose["purpose"] if purpose else "",
            text=_without_comments(body).rstrip(";"),
        )
    return found


@cache
def _text(file: str, name: str) -> str:
    return f"/* {name} */ {load(file)[name].text}"


@cache
def _changes(file: str, name: str) -> bool:
    return _CHANGING_WORDS.search(load(file)[name].text) is not None


def _without_comments(body: str) -> str:
    lines = (line for line in body.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(lines).strip()
