"""What is stored of persons, as whoever erases them sees it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.events import FREE_TEXTS
from core.domain.ports.erasure import PersonStanding
from core.postgres.execution import Executor
from core.postgres.outbox_queue import LOCK_NAMESPACE
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRecord:
    """Whether a person may be erased."""

    email_key: str = field(repr=False)
    is_deleted: bool
    is_erased: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsealedRecord:
    """How many rows nothing can erase."""

    unsealed: int


class ErasedPersonParams(TypedDict):
    """Names the person."""

    user_id: UUID


class RelayLockParams(TypedDict):
    """The lock that relays take on a person."""

    lock_namespace: int
    user_id: UUID


class ErasedAtParams(TypedDict):
    """Names the person, and the time."""

    user_id: UUID
    at: datetime


class ErasedAccountParams(TypedDict):
    """What takes the place of a person's address."""

    user_id: UUID
    email: str
    at: datetime


class EventTextsParams(TypedDict):
    """Which fields of which events."""

    user_id: UUID
    event_type: str
    fields: list[str]


_FILE = "personal_erasure"

AWAIT_RELAYS = Exec(_FILE, "await_relays", RelayLockParams)
HOLD_PERSON = One(_FILE, "hold_person", ErasedPersonParams, StandingRecord)
COUNT_UNSEALED_ROWS = One(_FILE, "count_unsealed_rows", ErasedPersonParams, UnsealedRecord)
ERASE_ACCOUNT = Exec(_FILE, "erase_account", ErasedAccountParams)
ERASE_SESSIONS = Exec(_FILE, "erase_sessions", ErasedAtParams)
ERASE_REFRESH_MARKS = Exec(_FILE, "erase_refresh_marks", ErasedPersonParams)
ERASE_DEVICES = Exec(_FILE, "erase_devices", ErasedPersonParams)
ERASE_TOTP = Exec(_FILE, "erase_totp", ErasedPersonParams)
ERASE_RECOVERY_CODES = Exec(_FILE, "erase_recovery_codes", ErasedPersonParams)
ERASE_CHALLENGES = Exec(_FILE, "erase_challenges", ErasedPersonParams)
ERASE_MAILS = Exec(_FILE, "erase_mails", ErasedPersonParams)
ERASE_ONE_TIME_TOKENS = Exec(_FILE, "erase_one_time_tokens", ErasedPersonParams)
ERASE_KEYED_ANSWERS = Exec(_FILE, "erase_keyed_answers", ErasedPersonParams)
ERASE_REVIEW_REASONS = Exec(_FILE, "erase_review_reasons", ErasedPersonParams)
ERASE_EVENT_TEXTS = Exec(_FILE, "erase_event_texts", EventTextsParams)

_IN_ORDER = (
    ERASE_REFRESH_MARKS,
    ERASE_DEVICES,
    ERASE_TOTP,
    ERASE_RECOVERY_CODES,
    ERASE_CHALLENGES,
    ERASE_MAILS,
    ERASE_ONE_TIME_TOKENS,
    ERASE_KEYED_ANSWERS,
    ERASE_REVIEW_REASONS,
)
"""Mails before the tokens to which they refer."""


class PostgresPersonalRecords:
    """Implements the port PersonalRecords."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements, as a role that may."""
        self._run = executor

    async def hold(self, user_id: UUID) -> PersonStanding | None:
        """Hold a person's row, and keep relays from their events."""
        await self._run.execute(
            AWAIT_RELAYS, RelayLockParams(lock_namespace=LOCK_NAMESPACE, user_id=user_id)
        )
        found = await self._run.one(HOLD_PERSON, ErasedPersonParams(user_id=user_id))
        if found is None:
            return None
        return PersonStanding(
            email_key=found.email_key, is_deleted=found.is_deleted, is_erased=found.is_erased
        )

    async def erase(self, user_id: UUID, *, at: datetime) -> None:
        """Destroy the key, and everything personal in every table but the audit log."""
        account = ErasedAccountParams(user_id=user_id, email=placeholder(user_id), at=at)
        await self._run.execute(ERASE_ACCOUNT, account)
        await self._run.execute(ERASE_SESSIONS, ErasedAtParams(user_id=user_id, at=at))
        for statement in _IN_ORDER:
            await self._run.execute(statement, ErasedPersonParams(user_id=user_id))
        for event_type, names in FREE_TEXTS.items():
            params = EventTextsParams(user_id=user_id, event_type=event_type, fields=sorted(names))
            await self._run.execute(ERASE_EVENT_TEXTS, params)

    async def count_unsealed(self, user_id: UUID) -> int:
        """Count the rows of the first version that hold texts of a person."""
        params = ErasedPersonParams(user_id=user_id)
        found = await self._run.one(COUNT_UNSEALED_ROWS, params)
        return 0 if found is None else found.unsealed


def placeholder(user_id: UUID) -> str:
    """Return what stands in the place of an address: nobody can have it (RFC 2606 section 2)."""
    return f"{user_id}@erased.invalid"
