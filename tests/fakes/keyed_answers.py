"""Kept answers in memory."""

from datetime import datetime

from core.domain.idempotency import KeyedAnswer
from tests.fakes.scope import Scope


class FakeKeyedAnswers:
    """Implements the port KeyedAnswerRepository."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._rows = scope.view.keyed_answers

    async def find(self, digest: str, *, at: datetime) -> KeyedAnswer | None:
        await self._scope.read("keyed_answers.find")
        row = self._rows.get(digest)
        return None if row is None or row.expires_at <= at else row

    async def add(self, answer: KeyedAnswer) -> bool:
        await self._scope.write("keyed_answers.add", ("keyed answer", answer.digest))
        row = self._rows.get(answer.digest)
        if row is not None and row.expires_at > answer.created_at:
            return False
        self._rows.replace(answer.digest, answer)
        return True
