"""What a superuser may try, for whom no trigger stands in the way. Each returns what to expect.

The number that is returned is the first one that a verification must name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.integration.seal_scene import hash_of, read_row

Admin = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What an attacker finds: all numbers, rising, and the first number of the last seal."""

    sequences: list[int]
    last_seal_first: int


Attack = Callable[[Admin, Log], int]


def edit_a_field(admin: Admin, log: Log) -> int:
    victim = log.sequences[len(log.sequences) // 2]
    admin.execute("UPDATE audit_events SET actor_id = 'nobody' WHERE sequence = %s", [victim])
    return victim


def edit_a_field_and_its_hash(admin: Admin, log: Log) -> int:
    victim = edit_a_field(admin, log)
    update_hash(admin, victim)
    return victim


def delete_a_row_in_the_middle(admin: Admin, log: Log) -> int:
    victim = log.sequences[len(log.sequences) // 2]
    admin.execute("DELETE FROM audit_events WHERE sequence = %s", [victim])
    return victim


def delete_the_newest_rows(admin: Admin, log: Log) -> int:
    first = log.sequences[-3]
    admin.execute("DELETE FROM audit_events WHERE sequence >= %s", [first])
    return first


def swap_two_rows(admin: Admin, log: Log) -> int:
    one, other = log.sequences[1], log.sequences[-2]
    for before, after in ((one, -1), (other, one), (-1, other)):
        # An identity column takes no number in an UPDATE: the row is written anew.
        renumber(admin, before, after)
    return one


def swap_what_two_rows_say(admin: Admin, log: Log) -> int:
    one, other = log.sequences[1], log.sequences[-2]
    first, second = read_row(admin, one), read_row(admin, other)
    for sequence, row in ((one, second), (other, first)):
        admin.execute(
            "UPDATE audit_events SET id = %s, details = %s::text::jsonb, hash = %s"
            " WHERE sequence = %s",
            [row.id, row.details, row.hash, sequence],
        )
    return one


def delete_the_last_seal_and_its_rows(admin: Admin, log: Log) -> int:
    admin.execute("DELETE FROM audit_events WHERE sequence >= %s", [log.last_seal_first])
    admin.execute("DELETE FROM audit_seals WHERE number = (SELECT max(number) FROM audit_seals)")
    return log.last_seal_first


def insert_behind(admin: Admin, log: Log) -> int:
    new = copy_row(admin, log.sequences[0])
    admin.execute(
        "UPDATE audit_events SET transaction_id = (SELECT transaction_id FROM audit_events"
        " WHERE sequence = %s) WHERE sequence = %s",
        [log.sequences[0], new],
    )
    return new


def insert_from_the_future(admin: Admin, log: Log) -> int:
    new = copy_row(admin, log.sequences[0])
    admin.execute(
        "UPDATE audit_events SET transaction_id = '900000000000' WHERE sequence = %s", [new]
    )
    return new


def insert_another_row_with_the_same_number(admin: Admin, log: Log) -> int:
    victim = log.sequences[1]
    new = copy_row(admin, victim)
    admin.execute(
        "UPDATE audit_events SET occurred_at = occurred_at + interval '1 second'"
        " WHERE sequence = %s",
        [new],
    )
    update_hash(admin, new)
    renumber(admin, new, victim)
    return victim


def edit_a_leaf_of_a_seal(admin: Admin, log: Log) -> int:
    victim = edit_a_field_and_its_hash(admin, log)
    row = read_row(admin, victim)
    found = admin.execute(
        "UPDATE audit_seals SET leaf_hashes = overlay(leaf_hashes PLACING"
        " sha256('\\x00'::bytea || convert_to(%s, 'UTF8'))"
        " FROM (array_position(sequences, %s) - 1) * 32 + 1)"
        " WHERE %s = ANY (sequences) RETURNING first_sequence",
        [f'{{"hash":"{row.hash}","sequence":{victim}}}', victim, victim],
    ).fetchone()
    assert found is not None
    return int(found[0])


def make_a_seal_forget_a_row(admin: Admin, log: Log) -> int:
    victim = log.sequences[1]
    admin.execute("DELETE FROM audit_events WHERE sequence = %s", [victim])
    found = admin.execute(
        "UPDATE audit_seals SET sequences = array_remove(sequences, %s), leaf_hashes ="
        " substring(leaf_hashes FROM 1 FOR (array_position(sequences, %s) - 1) * 32) ||"
        " substring(leaf_hashes FROM array_position(sequences, %s) * 32 + 1)"
        " WHERE %s = ANY (sequences) RETURNING first_sequence",
        [victim, victim, victim, victim],
    ).fetchone()
    assert found is not None
    return int(found[0])


def delete_a_seal_in_the_middle(admin: Admin, _: Log) -> int:
    found = admin.execute(
        "DELETE FROM audit_seals WHERE number = 2 RETURNING first_sequence"
    ).fetchone()
    assert found is not None
    return int(found[0])


def delete_the_first_seal(admin: Admin, log: Log) -> int:
    admin.execute("DELETE FROM audit_seals WHERE number = 1")
    return log.sequences[0]


def change_when_a_seal_was_made(admin: Admin, log: Log) -> int:
    admin.execute("UPDATE audit_seals SET sealed_at = sealed_at - interval '1 day'")
    return log.sequences[0]


def move_a_snapshot(admin: Admin, log: Log) -> int:
    """Let a row that is inserted behind look as if it had come late."""
    insert_behind(admin, log)
    admin.execute(
        "UPDATE audit_seals SET snapshot = '3:3:'"
        " WHERE number = (SELECT max(number) FROM audit_seals)"
    )
    return log.last_seal_first


ATTACKS: tuple[Attack, ...] = (
    edit_a_field,
    edit_a_field_and_its_hash,
    delete_a_row_in_the_middle,
    delete_the_newest_rows,
    swap_two_rows,
    swap_what_two_rows_say,
    insert_behind,
    insert_from_the_future,
    insert_another_row_with_the_same_number,
    edit_a_leaf_of_a_seal,
    make_a_seal_forget_a_row,
    delete_a_seal_in_the_middle,
    delete_the_first_seal,
    change_when_a_seal_was_made,
    move_a_snapshot,
)
"""Seen without a look at the checkpoints outside."""


def update_hash(admin: Admin, sequence: int) -> None:
    """Give a row the hash that it should have."""
    row = read_row(admin, sequence)
    admin.execute("UPDATE audit_events SET hash = %s WHERE sequence = %s", [hash_of(row), sequence])


def copy_row(admin: Admin, sequence: int) -> int:
    """Write a copy of a row with a new id and the right hash; return its number."""
    found = admin.execute(
        f"INSERT INTO audit_events ({_WITHOUT_NUMBER})"  # noqa: S608
        f" SELECT {_WITHOUT_NUMBER.replace('id,', 'gen_random_uuid(),', 1)}"
        " FROM audit_events WHERE sequence = %s RETURNING sequence",
        [sequence],
    ).fetchone()
    assert found is not None
    update_hash(admin, found[0])
    return int(found[0])


def renumber(admin: Admin, before: int, after: int) -> None:
    """Give a row another number; all else stays."""
    admin.execute(
        f"WITH taken AS (DELETE FROM audit_events WHERE sequence = %s RETURNING *)"  # noqa: S608
        f" INSERT INTO audit_events (sequence, transaction_id, {_WITHOUT_NUMBER})"
        f" OVERRIDING SYSTEM VALUE SELECT %s, transaction_id, {_WITHOUT_NUMBER} FROM taken",
        [before, after],
    )


_WITHOUT_NUMBER = (
    "id, occurred_at, version, actor_type, actor_id, action, resource_type, resource_id, user_id,"
    " outcome, reason, origin_owner, ip_address, user_agent, request_id, trace_id, details, hash"
)
