import pytest

from core.domain.audit import AuditAction
from core.domain.user import Role
from pandora.user.v1 import auth_service_pb2 as pb
from pandora.user.v1 import kyc_pb2, user_pb2
from pandora.user.v1 import user_service_pb2 as users_pb
from tests.fakes.world import PASSWORD
from tests.unit.transport.core_server import bearer, refused, running_core

pytestmark = pytest.mark.asyncio


async def test_register_answers_the_account_as_it_is_stored() -> None:
    async with running_core() as core:
        request = pb.RegisterRequest(
            email=" Ada@Example.com ", password=PASSWORD, full_name="Ada Lovelace"
        )
        user = (await core.auth.Register(request)).user

        stored = core.world.stored_user(next(iter(core.world.database.tables.users)))
    assert user.id == str(stored.id)
    assert user.email == "Ada@Example.com"
    assert user.full_name == "Ada Lovelace"
    assert user.role == user_pb2.ROLE_USER
    assert user.status == user_pb2.USER_STATUS_ACTIVE
    assert user.kyc_status == kyc_pb2.KYC_STATUS_PENDING
    assert not user.email_verified
    assert not user.mfa_enabled
    assert user.created_at.ToNanoseconds() == 1773480413_589793_000
    assert user.updated_at == user.created_at
    assert not user.HasField("deleted_at")


async def test_a_name_that_was_not_given_is_unset() -> None:
    async with running_core() as core:
        request = pb.RegisterRequest(email="ada@example.com", password=PASSWORD)
        answer = await core.auth.Register(request)

    assert not answer.user.HasField("full_name")


async def test_a_registration_that_the_domain_refuses_says_why() -> None:
    async with running_core() as core:
        await core.world.register("ada@example.com")
        again = pb.RegisterRequest(email="ADA@example.com", password=PASSWORD)
        taken = await refused(core.auth.Register(again))
        short = pb.RegisterRequest(email="bob@example.com", password="short")
        weak = await refused(core.auth.Register(short))

    assert taken.reason == "EMAIL_ALREADY_REGISTERED"
    assert weak.reason == "PASSWORD_TOO_WEAK"
    assert weak.bad_request is not None
    assert [violation.field for violation in weak.bad_request.field_violations] == ["password"]


async def test_login_answers_tokens_that_work() -> None:
    async with running_core() as core:
        user = await core.world.register()
        login = await core.auth.Login(pb.LoginRequest(email="ada@example.com", password=PASSWORD))
        me = await core.users.GetUser(
            users_pb.GetUserRequest(user_id="me"), metadata=bearer(login.access_token)
        )

    assert login.token_type == "Bearer"
    assert login.expires_in == 900
    assert login.refresh_expires_in == 7 * 24 * 3600
    assert login.user.id == me.user.id == str(user.id)
    assert not login.HasField("mfa_challenge")


async def test_refresh_answers_the_next_pair_and_the_same_one_to_a_retry_until_it_is_used() -> None:
    async with running_core() as core:
        ada = await core.user()
        first = ada.login.tokens.refresh_token
        attempt = pb.RefreshTokenRequest(refresh_token=first, request_id="try-1")
        pair = await core.auth.RefreshToken(attempt)
        core.world.clock.advance(60)
        retried = await core.auth.RefreshToken(attempt)
        await core.auth.RefreshToken(pb.RefreshTokenRequest(refresh_token=pair.refresh_token))
        reused = await refused(core.auth.RefreshToken(pb.RefreshTokenRequest(refresh_token=first)))

    assert pair.refresh_token != first
    assert retried.refresh_token == pair.refresh_token
    assert pair.token_type == "Bearer"
    assert pair.expires_in == 900
    assert pair.refresh_expires_in == 7 * 24 * 3600
    assert pair.session_id == ada.session_id
    assert reused.reason == "REFRESH_TOKEN_REUSED"


async def test_a_session_that_has_ended_is_refused_at_the_next_call() -> None:
    async with running_core() as core:
        ada = await core.user()
        token = ada.login.tokens.refresh_token
        await core.auth.Logout(pb.LogoutRequest(refresh_token=token))
        gone = await refused(
            core.users.GetUser(users_pb.GetUserRequest(user_id="me"), metadata=ada.credentials)
        )

    assert gone.reason == "SESSION_REVOKED"


async def test_logout_takes_the_bearer_token_where_there_is_no_refresh_token() -> None:
    async with running_core() as core:
        ada = await core.user()
        await core.auth.Logout(pb.LogoutRequest(), metadata=ada.credentials)
        await core.auth.Logout(pb.LogoutRequest(), metadata=ada.credentials)

        session = core.world.database.tables.sessions[ada.login.tokens.session_id]
    assert session.revoked_at is not None


async def test_logout_by_refresh_token_does_not_look_at_the_header() -> None:
    async with running_core() as core:
        ada, bob = await core.user(), await core.user("bob@example.com")
        request = pb.LogoutRequest(refresh_token=ada.login.tokens.refresh_token)
        await core.auth.Logout(request, metadata=bob.credentials)
        await core.auth.Logout(request, metadata=(("authorization", "Bearer ??"),))

        sessions = core.world.database.tables.sessions
    assert sessions[ada.login.tokens.session_id].revoked_at is not None
    assert sessions[bob.login.tokens.session_id].revoked_at is None


async def test_logout_needs_one_of_the_two() -> None:
    async with running_core() as core:
        neither = await refused(core.auth.Logout(pb.LogoutRequest()))
        broken = await refused(
            core.auth.Logout(pb.LogoutRequest(), metadata=(("authorization", "Bearer ??"),))
        )
        forged = await refused(core.auth.Logout(pb.LogoutRequest(), metadata=bearer("forged")))

    assert neither.reason == "TOKEN_MISSING"
    assert broken.reason == "TOKEN_INVALID"
    assert forged.reason == "TOKEN_INVALID"


async def test_introspection_says_what_a_persons_token_is_worth_now() -> None:
    async with running_core() as core:
        admin, ada = await core.staff(), await core.user()
        await core.world.use_cases.administration.set_role(
            ada.user.id, role=Role.SUPPORT, caller=core.world.system
        )
        request = pb.IntrospectTokenRequest(token=ada.login.tokens.access_token)
        answer = await core.auth.IntrospectToken(request, metadata=admin.credentials)

    assert answer.active
    assert answer.user_id == answer.subject == ada.id
    assert answer.session_id == ada.session_id
    assert answer.role == user_pb2.ROLE_SUPPORT
    assert answer.kyc_status == kyc_pb2.KYC_STATUS_PENDING
    assert answer.expires_at.seconds - answer.issued_at.seconds == 900


async def test_introspection_says_what_a_services_token_is_worth() -> None:
    async with running_core() as core:
        orders = await core.service()
        request = pb.IntrospectTokenRequest(token=orders[0][1].removeprefix("Bearer "))
        answer = await core.auth.IntrospectToken(request, metadata=orders)

    assert answer.active
    assert answer.subject == "service:orders"
    assert answer.role == user_pb2.ROLE_SERVICE
    assert not answer.HasField("user_id")
    assert not answer.HasField("session_id")
    assert not answer.HasField("kyc_status")


async def test_introspection_of_a_worthless_token_says_nothing_else() -> None:
    async with running_core() as core:
        request = pb.IntrospectTokenRequest(token="worthless")
        answer = await core.auth.IntrospectToken(request, metadata=await core.service())

    assert answer == pb.IntrospectTokenResponse(active=False)
    assert not answer.HasField("role")


async def test_the_keys_are_a_jwk_set() -> None:
    async with running_core() as core:
        answer = await core.auth.GetJwks(pb.GetJwksRequest())

    assert list(answer.keys) == [
        pb.JsonWebKey(kty="EC", crv="P-256", x="eA", y="eQ", kid="fake-key", use="sig", alg="ES256")
    ]


async def test_what_is_audited_knows_the_request() -> None:
    async with running_core() as core:
        request = pb.LoginRequest(email="nobody@example.com", password=PASSWORD)
        refusal = await refused(core.auth.Login(request, metadata=(("x-request-id", "seven"),)))

        (entry,) = core.world.database.audit_entries
    assert refusal.request is not None
    assert entry.action is AuditAction.LOGIN
    assert entry.request_id == "seven"
    assert entry.trace_id == refusal.request.serving_data
    assert entry.ip_address == "127.0.0.1"
    assert entry.user_agent is not None
    assert entry.user_agent.startswith("grpc-python-asyncio/")
