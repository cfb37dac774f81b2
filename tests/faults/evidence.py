"""Everything that a run has left behind, as a superuser of the database and of Redis sees it."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, LiteralString

import psycopg
import redis
from psycopg.rows import class_row, dict_row

from tests.e2e.site import Site

# Notes for each event which transaction wrote it: the relay's marks make new versions of the row,
# which forget that.
INSTRUMENTS: Final = """
CREATE SCHEMA faults;
CREATE TABLE faults.written (
    event_id uuid PRIMARY KEY,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE FUNCTION faults.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO faults.written (event_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER faults_note AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION faults.note();
"""

# An event that has been consumed is the request; its id is written with dashes.
_AUDIT: Final = """
SELECT sequence, replace(request_id, '-', '') AS request_id, trace_id, action, outcome, reason,
    resource_id, user_id::text AS user_id, details, transaction_id::text::bigint AS transaction_id,
    pg_xact_commit_timestamp(transaction_id::xid) AS committed_at
FROM audit_events ORDER BY sequence
"""
_EVENTS: Final = """
SELECT outbox.sequence, outbox.id::text AS id, outbox.user_id::text AS user_id, outbox.event_type,
    outbox.payload, outbox.trace_id, outbox.published_at,
    written.transaction_id::text::bigint AS transaction_id
FROM outbox JOIN faults.written ON written.event_id = outbox.id ORDER BY outbox.sequence
"""
_USERS: Final = """
SELECT id::text, email, full_name, hashed_password, role, kyc_status,
    suspended_at IS NOT NULL AS is_suspended, deleted_at IS NOT NULL AS is_deleted FROM users
"""
_SESSIONS: Final = """
SELECT id::text, user_id::text, revoked_at IS NOT NULL AS is_revoked FROM sessions
"""
_TOKENS: Final = (
    "SELECT token, session_id::text, used_at IS NOT NULL AS is_used, successor FROM refresh_tokens"
)
# The transaction that wrote a row which nothing changes later; its number without its epoch.
_REVIEWS: Final = """
SELECT id::text, user_id::text, previous_status, status, reason,
    xmin::text::bigint AS transaction_id
FROM kyc_reviews ORDER BY id
"""
_CONSUMED: Final = """
SELECT replace(event_id::text, '-', '') AS id, xmin::text::bigint AS transaction_id
FROM consumed_events
"""
_MAILS: Final = """
SELECT user_id::text, template, xmin::text::bigint AS transaction_id FROM mail_outbox
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One row of the audit log."""

    sequence: int
    request_id: str
    trace_id: str
    action: str
    outcome: str
    reason: str | None
    resource_id: str | None
    user_id: str | None
    details: Mapping[str, Any]
    transaction_id: int
    committed_at: datetime

    @property
    def is_success(self) -> bool:
        return self.outcome == "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of the outbox."""

    sequence: int
    id: str
    user_id: str
    event_type: str
    payload: Mapping[str, Any]
    trace_id: str
    published_at: datetime | None
    transaction_id: int


Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The tables, and the stream's entries in their order."""

    audit: Sequence[AuditRow]
    events: Sequence[Event]
    users: Mapping[str, Row]
    sessions: Mapping[str, Row]
    tokens: Mapping[str, Row]
    reviews: Sequence[Row]
    mails: Sequence[Row]
    consumed: Sequence[Row]
    stream: Sequence[str]

    @cached_property
    def audit_by_request(self) -> Mapping[str, Sequence[AuditRow]]:
        found: defaultdict[str, list[AuditRow]] = defaultdict(list)
        for row in self.audit:
            found[row.request_id].append(row)
        return found

    @cached_property
    def events_by_trace(self) -> Mapping[str, Sequence[Event]]:
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            found[event.trace_id].append(event)
        return found

    @cached_property
    def events_by_user(self) -> Mapping[str, Sequence[Event]]:
        """Each person's events by rising sequence."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            found[event.user_id].append(event)
        return found


def gather(site: Site) -> Evidence:
    """Read everything."""
    with psycopg.connect(site.database.admin_dsn) as connection:

        def rows(statement: LiteralString) -> list[dict[str, Any]]:
            return connection.cursor(row_factory=dict_row).execute(statement).fetchall()

        return Evidence(
            audit=connection.cursor(row_factory=class_row(AuditRow)).execute(_AUDIT).fetchall(),
            events=connection.cursor(row_factory=class_row(Event)).execute(_EVENTS).fetchall(),
            users={row["id"]: row for row in rows(_USERS)},
            sessions={row["id"]: row for row in rows(_SESSIONS)},
            tokens={row["token"]: row for row in rows(_TOKENS)},
            reviews=rows(_REVIEWS),
            mails=rows(_MAILS),
            consumed=rows(_CONSUMED),
            stream=read_stream(site),
        )


def read_stream(site: Site) -> list[str]:
    """Return the text of every entry."""
    with redis.Redis.from_url(site.servers.stack.valkey.url(), decode_responses=True) as client:
        entries: Any = client.xrange(site.stream)
    return [fields["event"] for _, fields in entries]


def event_id(entry: str) -> str:
    """Return the id of the event in an entry."""
    return str(json.loads(entry)["id"])
