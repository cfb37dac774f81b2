"""Somebody whose refresh token comes a second time."""

from dataclasses import replace

import pytest

from core.domain.audit import AuditAction, AuditOutcome
from core.domain.caller import Caller
from core.domain.errors import RefreshTokenReused
from core.domain.events import RefreshTokenReuseDetected, SessionRevoked
from core.domain.session import Session, TokenPair
from tests.fakes.database import FakeDatabase
from tests.fakes.world import ORIGIN, World

ATTEMPT = "attempt-1"


class Scene:
    """Somebody whose first refresh token has just been exchanged for the second."""

    world: World
    first: TokenPair
    second: TokenPair

    @classmethod
    async def play(cls, request_id: str | None = None) -> "Scene":
        scene = cls()
        scene.world = World()
        await scene.world.register()
        scene.first = (await scene.world.login()).tokens
        scene.second = await scene.present(scene.first, request_id=request_id)
        scene.world.forget_the_past()
        return scene

    @property
    def database(self) -> FakeDatabase:
        return self.world.database

    @property
    def session(self) -> Session:
        return self.database.tables.sessions[self.first.session_id]

    async def present(
        self, tokens: TokenPair, *, request_id: str | None = None, caller: Caller | None = None
    ) -> TokenPair:
        return await self.world.use_cases.refresh.refresh(
            refresh_token=tokens.refresh_token,
            request_id=request_id,
            caller=caller or self.world.nobody,
        )

    async def forgiven(
        self, *, request_id: str | None = None, caller: Caller | None = None
    ) -> TokenPair:
        """Present the first token again and expect the second one once more."""
        pair = await self.present(self.first, request_id=request_id, caller=caller)
        assert pair.refresh_token == self.second.refresh_token
        assert self.session.revoked_at is None
        return pair

    async def stolen(
        self,
        tokens: TokenPair,
        *,
        request_id: str | None = None,
        caller: Caller | None = None,
    ) -> None:
        """Present a token and expect that the session ends for it, told to everybody."""
        self.world.forget_the_past()
        with pytest.raises(RefreshTokenReused):
            await self.present(tokens, request_id=request_id, caller=caller)
        assert self.session.revoked_at == self.world.clock.now()
        assert [type(event) for event in self.database.events] == [
            SessionRevoked,
            RefreshTokenReuseDetected,
        ]
        entry = self.world.only_audit_entry
        assert (entry.action, entry.outcome) == (AuditAction.REFRESH, AuditOutcome.FAILURE)
        assert entry.reason == "REFRESH_TOKEN_REUSED"


def caller_from(address: str | None, user_agent: str | None = ORIGIN.user_agent) -> Caller:
    return Caller(origin=replace(ORIGIN, ip_address=address, user_agent=user_agent))
