import pytest

from pandora.user.v1 import session_service_pb2 as pb
from tests.unit.transport.core_server import refused, running_core

pytestmark = pytest.mark.asyncio


async def test_sessions_are_listed_with_ones_own_marked_and_without_a_token() -> None:
    async with running_core() as core:
        ada = await core.user()
        core.world.clock.advance(1)
        elsewhere = await core.world.login()
        answer = await core.sessions.ListSessions(
            pb.ListSessionsRequest(user_id="me"), metadata=ada.credentials
        )

    assert [(session.id, session.current) for session in answer.sessions] == [
        (str(elsewhere.tokens.session_id), False),
        (ada.session_id, True),
    ]
    newest = answer.sessions[0]
    assert newest.user_id == ada.id
    assert newest.created_at == newest.last_used_at
    assert newest.expires_at.seconds - newest.created_at.seconds == 7 * 24 * 3600
    assert newest.ip_address == "203.0.113.7"
    assert newest.user_agent == "browser/1.0"
    assert ada.login.tokens.refresh_token not in repr(answer)


async def test_another_persons_sessions_are_nobodys_own() -> None:
    async with running_core() as core:
        admin, ada = await core.staff(), await core.user()
        answer = await core.sessions.ListSessions(
            pb.ListSessionsRequest(user_id=ada.id), metadata=admin.credentials
        )

    assert [session.current for session in answer.sessions] == [False]


async def test_one_session_is_ended() -> None:
    async with running_core() as core:
        ada, bob = await core.user(), await core.user("bob@example.com")
        elsewhere = await core.world.login()
        request = pb.RevokeSessionRequest(
            user_id="me", session_id=str(elsewhere.tokens.session_id).upper()
        )
        await core.sessions.RevokeSession(request, metadata=ada.credentials)
        foreign = pb.RevokeSessionRequest(user_id="me", session_id=bob.session_id)
        refusal = await refused(core.sessions.RevokeSession(foreign, metadata=ada.credentials))

        sessions = core.world.database.tables.sessions
    assert sessions[elsewhere.tokens.session_id].revoked_at is not None
    assert sessions[ada.login.tokens.session_id].revoked_at is None
    assert refusal.reason == "SESSION_NOT_FOUND"


@pytest.mark.parametrize(("keep_current", "revoked"), [(True, 2), (False, 3)])
async def test_all_sessions_are_ended_on_request_but_ones_own(
    *, keep_current: bool, revoked: int
) -> None:
    async with running_core() as core:
        ada = await core.user()
        await core.world.login()
        await core.world.login()
        answer = await core.sessions.RevokeSessions(
            pb.RevokeSessionsRequest(user_id="me", keep_current=keep_current),
            metadata=ada.credentials,
        )

        own = core.world.database.tables.sessions[ada.login.tokens.session_id]
    assert answer.revoked_count == revoked
    assert (own.revoked_at is None) is keep_current
