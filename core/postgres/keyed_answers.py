"""Answers that are kept for repeats, in PostgreSQL."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.idempotency import KeyedAnswer, Outcome
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedAnswerRecord:
    """A kept answer's row."""

    digest: str
    request_digest: str
    method: str
    status: int
    content: bytes = field(repr=False)
    caller_id: UUID | None
    subject_id: UUID | None
    created_at: datetime
    expires_at: datetime


class KeyedAnswerParams(TypedDict):
    """Names a call, and the moment by which its answer must not have expired."""

    digest: str
    at: datetime


class NewKeyedAnswerParams(TypedDict):
    """All that is kept of an answer."""

    digest: str
    request_digest: str
    method: str
    status: int
    content: bytes
    caller_id: UUID | None
    subject_id: UUID | None
    created_at: datetime
    expires_at: datetime


_FILE = "idempotency_keys"
FIND_KEYED_ANSWER = One(_FILE, "find_keyed_answer", KeyedAnswerParams, KeyedAnswerRecord)
ADD_KEYED_ANSWER = Exec(_FILE, "add_keyed_answer", NewKeyedAnswerParams)


class PostgresKeyedAnswers:
    """Implements the port KeyedAnswerRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def find(self, digest: str, *, at: datetime) -> KeyedAnswer | None:
        """Return the answer, unless there is none that has not expired by then."""
        record = await self._run.one(FIND_KEYED_ANSWER, KeyedAnswerParams(digest=digest, at=at))
        if record is None:
            return None
        return KeyedAnswer(
            digest=record.digest,
            request_digest=record.request_digest,
            method=record.method,
            outcome=Outcome(
                status=record.status, content=record.content, subject_id=record.subject_id
            ),
            caller_id=record.caller_id,
            created_at=record.created_at,
            expires_at=record.expires_at,
        )

    async def add(self, answer: KeyedAnswer) -> bool:
        """Keep an answer; return False where there is one that has not expired."""
        params = NewKeyedAnswerParams(
            digest=answer.digest,
            request_digest=answer.request_digest,
            method=answer.method,
            status=answer.outcome.status,
            content=answer.outcome.content,
            caller_id=answer.caller_id,
            subject_id=answer.outcome.subject_id,
            created_at=answer.created_at,
            expires_at=answer.expires_at,
        )
        return await self._run.execute(ADD_KEYED_ANSWER, params) == 1
