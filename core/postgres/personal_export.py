"""All that is stored of one person, read in one snapshot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from core.domain.access_token import SERVICE_SUBJECT_PREFIX
from core.domain.audit import AuditEvent
from core.domain.audit_sealing import origin_owner
from core.domain.kyc import KycReview
from core.domain.ports.personal_export import PersonalDocument
from core.domain.ports.personal_texts import PersonalTexts
from core.postgres import personal_export_rows as rows
from core.postgres.audit_log import PostgresAuditLog
from core.postgres.execution import Executor
from core.postgres.kyc_reviews import PostgresKycReviews
from core.postgres.personal_salts import PersonalSalts
from core.postgres.pool import Pool
from core.postgres.salt_cache import SaltCache
from core.postgres.tracing import StatementSpans
from core.postgres.transaction import snapshot

_STAFF = "staff"
"""Stands for anybody else: who they are is nothing that is stored of this person."""


class PostgresPersonalData:
    """Implements the port PersonalData."""

    def __init__(self, pool: Pool, spans: StatementSpans, texts: PersonalTexts) -> None:
        """Take the pool to borrow from, and what opens the audit log's texts."""
        self._pool = pool
        self._spans = spans
        self._texts = texts

    async def collect(
        self, user_id: UUID, *, account_of: Callable[[str], str]
    ) -> PersonalDocument | None:
        """Return all that is stored of a person as of one moment."""
        async with snapshot(self._pool, self._spans) as executor:
            person = rows.PersonParams(user_id=user_id)
            account = await executor.one(rows.ACCOUNT, person)
            if account is None or account.is_erased:
                return None
            # A deleted person's address may be somebody else's by now.
            lane = None if account.deleted_at else account_of(account.email_key)
            return {
                "account": _account(account),
                "sessions": _plain(await executor.many(rows.SESSIONS, person)),
                "refreshes": _plain(await executor.many(rows.REFRESHES, person)),
                "known_devices": _plain(await executor.many(rows.DEVICES, person)),
                "second_factor": await _second_factor(executor, person),
                "failed_logins": await _failures(executor, lane),
                "one_time_tokens": _plain(await executor.many(rows.ONE_TIME_TOKENS, person)),
                "mails": _plain(await executor.many(rows.MAILS, person)),
                "keyed_answers": _plain(await executor.many(rows.KEYED_ANSWERS, person)),
                "kyc_reviews": await _reviews(executor, user_id),
                "events": await _events(executor, person),
                "audit_events": await self._audit(executor, user_id),
            }

    async def _audit(self, executor: Executor, user_id: UUID) -> list[object]:
        log = PostgresAuditLog(executor, PersonalSalts(executor, SaltCache()), self._texts)
        found = await executor.many(rows.AUDIT_EVENTS, rows.PersonParams(user_id=user_id))
        return [_audit_event(event, user_id) for event in await log.opened(found)]


def _account(record: rows.ExportedAccount) -> object:
    account = asdict(record)
    del account["email_key"], account["is_erased"]
    return _value(account)


async def _second_factor(executor: Executor, person: rows.PersonParams) -> object:
    totp = await executor.one(rows.TOTP, person)
    return {
        "totp": None if totp is None else _value(asdict(totp)),
        "recovery_codes": _plain(await executor.many(rows.RECOVERY_CODES, person)),
        "challenges": _plain(await executor.many(rows.CHALLENGES, person)),
    }


async def _failures(executor: Executor, lane: str | None) -> object:
    if lane is None:
        return []
    return _plain(await executor.many(rows.FAILURES, rows.LaneParams(account=lane)))


async def _reviews(executor: Executor, user_id: UUID) -> list[object]:
    found: Sequence[KycReview] = await PostgresKycReviews(executor).history(user_id)
    return [
        {
            "id": str(review.id),
            "previous_status": review.previous_status.value,
            "status": review.status.value,
            "reason": review.reason,
            "reviewer": _who(review.reviewer_id, user_id),
            "created_at": _value(review.created_at),
        }
        for review in reversed(found)
    ]


async def _events(executor: Executor, person: rows.PersonParams) -> list[object]:
    events: list[object] = []
    for record in await executor.many(rows.EVENTS, person):
        event = asdict(record)
        payload = dict(record.payload)
        if isinstance(reviewer := payload.pop("reviewer_id", None), str):
            payload["reviewer"] = _who(reviewer, person["user_id"])
        events.append(_value({**event, "payload": payload}))
    return events


def _audit_event(event: AuditEvent, user_id: UUID) -> object:
    """Leave out what belongs to others: their address, and reasons that concern them."""
    entry = event.entry
    is_own_origin = origin_owner(entry) == user_id
    is_about = entry.user_id == user_id
    return {
        "sequence": event.sequence,
        "id": str(entry.id),
        "occurred_at": _value(entry.occurred_at),
        "actor": _who(entry.actor_id, user_id) or entry.actor_type.value,
        "action": entry.action.value,
        "resource_type": entry.resource_type.value,
        "resource_id": entry.resource_id if is_about else None,
        "outcome": entry.outcome.value,
        "reason": entry.reason if is_about else None,
        "ip_address": entry.ip_address if is_own_origin else None,
        "user_agent": entry.user_agent if is_own_origin else None,
        "request_id": entry.request_id,
        "trace_id": entry.trace_id,
        "details": dict(entry.details) if is_about else {},
    }


def _who(actor_id: str | None, user_id: UUID) -> str | None:
    if actor_id is None or actor_id == str(user_id) or actor_id.startswith(SERVICE_SUBJECT_PREFIX):
        return actor_id
    return _STAFF


def _plain(records: Sequence[Any]) -> list[object]:
    return [_value(asdict(record)) for record in records]


def _value(value: object) -> object:
    """Return what JSON can hold: times as RFC 3339 in UTC, ids as text."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _value(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    return value
