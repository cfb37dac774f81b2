"""How statements are read from their files."""

from typing import TypedDict
from uuid import UUID

import pytest

from core.postgres.session_rows import GET_SESSION_STATES, LOCK_SESSION, REVOKE_SESSION
from core.postgres.statements import Exec, load
from core.postgres.user_rows import CREATE_USER, GET_USER_BY_ID, LIST_USERS, LOCK_ADMINS


class Params(TypedDict):
    user_id: UUID


def test_the_text_begins_with_its_name_for_the_servers_views() -> None:
    assert GET_USER_BY_ID.text.startswith("/* get_user_by_id */ SELECT\n    id, email")
    assert GET_USER_BY_ID.text.endswith("WHERE id = %(user_id)s")


def test_a_file_is_read_once() -> None:
    assert load("users") is load("users")


def test_a_missing_file_says_so() -> None:
    with pytest.raises(FileNotFoundError):
        _ = Exec("no_such_file", "anything", Params).text


def test_a_missing_statement_says_so() -> None:
    with pytest.raises(KeyError, match="no_such_statement"):
        _ = Exec("users", "no_such_statement", Params).text


def test_what_writes_or_locks_is_known_from_what_reads() -> None:
    changing = (CREATE_USER, LOCK_ADMINS, LOCK_SESSION, REVOKE_SESSION)
    assert all(statement.changes for statement in changing)
    assert not any(statement.changes for statement in (GET_USER_BY_ID, LIST_USERS))
    assert not GET_SESSION_STATES.changes
