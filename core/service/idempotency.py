"""One effect and one answer for every idempotency key."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from core.domain.errors import Conflict, DomainError, IdempotencyKeyReused
from core.domain.idempotency import (
    MAX_CONTENT_BYTES,
    Given,
    IdempotencyPolicy,
    KeyedAnswer,
    KeyedCall,
    Outcome,
    is_kept,
    stands,
)
from core.domain.ports.clock import Clock
from core.domain.ports.idempotency import Work
from core.domain.ports.unit_of_work import Database
from core.service.deferral import AlreadyAnswered, deferring
from core.service.turns import Turns

_UNDER_WAY = "A call with this idempotency key is under way; repeat it later."


class AnswerTooLong(RuntimeError):
    """An answer is longer than what is kept: a defect of the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotentAnswers:
    """Implements the port IdempotentCalls.

    Repeats within this process take turns in memory, so that they neither hold connections nor do
    the same work. Repeats in several processes at once may all do the work; the answer's primary
    key lets one of them commit, and the others, rolled back, give its answer.
    """

    database: Database
    clock: Clock
    policy: IdempotencyPolicy
    turns: Turns = field(default_factory=Turns)

    async def answer(self, call: KeyedCall, work: Work) -> Given:
        """Make the call, unless it was answered before; then give that answer again.

        Raises:
            IdempotencyKeyReused: the key came with another request before.
            Conflict: a call with this key is under way, and takes longer than can be waited for.
            DomainError: the call was made now, and was refused.
        """
        async with self._turn(call):
            known = await self._find(call)
            if known is not None:
                return known
            try:
                return Given(outcome=await self._first(call, work), is_repeat=False)
            except (AlreadyAnswered, Conflict) as error:
                # Another process came first. That shows as a conflict, too, where both met.
                known = await self._find(call)
                if known is not None:
                    return known
                if isinstance(error, AlreadyAnswered):
                    raise Conflict from error
                raise

    @asynccontextmanager
    async def _turn(self, call: KeyedCall) -> AsyncIterator[None]:
        patience = self.policy.wait_seconds
        if call.patience_seconds is not None:
            patience = min(patience, call.patience_seconds)
        async with AsyncExitStack() as turn:
            try:
                async with asyncio.timeout(patience):
                    await turn.enter_async_context(self.turns.turn(call.digest))
            except TimeoutError:
                raise Conflict(_UNDER_WAY) from None
            yield

    async def _find(self, call: KeyedCall) -> Given | None:
        async with self.database.reading() as stored:
            found = await stored.keyed_answers.find(call.digest, at=self.clock.now())
        if found is None:
            return None
        if found.request_digest != call.request_digest:
            raise IdempotencyKeyReused
        return Given(outcome=found.outcome, is_repeat=True)

    async def _first(self, call: KeyedCall, work: Work) -> Outcome:
        async with deferring(self.database, self.clock, call.digest) as deferral:
            try:
                outcome = await work.execute()
            except DomainError as refusal:
                if not stands(refusal):
                    raise
                kept = self._kept(call, work.refusal(refusal)) if is_kept(refusal) else None
                await deferral.commit(kept)
                raise
            await deferral.commit(self._kept(call, outcome))
        return outcome

    def _kept(self, call: KeyedCall, outcome: Outcome) -> KeyedAnswer:
        if len(outcome.content) > MAX_CONTENT_BYTES:
            raise AnswerTooLong(f"{call.method}: an answer of {len(outcome.content)} bytes")
        now = self.clock.now()
        return KeyedAnswer(
            digest=call.digest,
            request_digest=call.request_digest,
            method=call.method,
            outcome=outcome,
            caller_id=call.caller_id,
            created_at=now,
            expires_at=self.policy.expiry(now),
        )
