"""Rows of the audit log as text, and the same hashes as `audit_row` makes, made faster.

A million rows are hashed again at every verification. The text of each column comes from the
database as it is; a test shows that both ways make the same canonical form.
"""

import hashlib
import json
import re
from json.encoder import encode_basestring as quoted
from typing import Final, NamedTuple

_FIRST_VERSION: Final = 1

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00", re.ASCII)
"""A time as PostgreSQL writes it in UTC: no time before Christ, after 9999, or infinite is one."""

_encode_details = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode

_sha256 = hashlib.sha256


class RowText(NamedTuple):
    """A row of the log, each column as PostgreSQL spells it where the zone is UTC.

    `details` is the text of a JSON object. `transaction_id` is the 64-bit number of the transaction
    that wrote the row; the hash does not cover it.
    """

    sequence: int
    transaction_id: str
    version: int
    id: str
    occurred_at: str
    actor_type: str
    actor_id: str | None
    action: str
    resource_type: str
    resource_id: str | None
    user_id: str | None
    outcome: str
    reason: str | None
    origin_owner: str | None
    ip_address: str | None
    user_agent: str | None
    request_id: str
    trace_id: str
    details: str
    hash: str


def canonical_text(row: RowText) -> str:
    """Return the canonical form of a row (`audit_row.canonical_form`) as text.

    What no service ever wrote has a form as well, another one than any row of its.
    """
    # `origin_owner` stands where sorting puts it: between `occurred_at` and `outcome`.
    owner = "" if row.version <= _FIRST_VERSION else f'"origin_owner":{_text(row.origin_owner)},'
    return (
        f'{{"action":{quoted(row.action)},"actor_id":{_text(row.actor_id)}'
        f',"actor_type":{quoted(row.actor_type)},"details":{_details(row.details)}'
        f',"id":{quoted(row.id)},"ip_address":{_text(row.ip_address)}'
        f',"occurred_at":{quoted(_moment(row.occurred_at))},{owner}"outcome":{quoted(row.outcome)}'
        f',"reason":{_text(row.reason)},"request_id":{quoted(row.request_id)}'
        f',"resource_id":{_text(row.resource_id)},"resource_type":{quoted(row.resource_type)}'
        f',"trace_id":{quoted(row.trace_id)},"user_agent":{_text(row.user_agent)}'
        f',"user_id":{_text(row.user_id)},"version":{row.version}}}'
    )


def has_right_hash(row: RowText) -> bool:
    """Tell whether a row's hash is that of its content."""
    return _sha256(canonical_text(row).encode()).hexdigest() == row.hash


def leaf_of(sequence: int, hash_of_row: str) -> bytes:
    """Return a row's leaf, as `audit_row.leaf_hash` does."""
    return _sha256(f'\0{{"hash":{quoted(hash_of_row)},"sequence":{sequence}}}'.encode()).digest()


def _text(value: str | None) -> str:
    return "null" if value is None else quoted(value)


def _details(text: str) -> str:
    if text == "{}":
        return text
    try:
        return _encode_details(json.loads(text))
    except (ValueError, RecursionError):
        # Numbers of thousands of digits, or thousands of levels: nothing that we ever wrote.
        return text


def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        return text
    return f"{text[:10]}T{text[11:19]}.{text[20:-3].ljust(6, '0')}Z"
