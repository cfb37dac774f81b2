from urllib.parse import urlsplit

import grpc
import pytest

from core.domain.mfa import TotpCode
from pandora.user.v1 import auth_service_pb2 as auth_pb
from pandora.user.v1 import mfa_service_pb2 as pb
from pandora.user.v1 import user_service_pb2 as users_pb
from tests.fakes.world import PASSWORD
from tests.unit.transport.core_server import Core, Person, bearer, refused, running_core

pytestmark = pytest.mark.asyncio

LOGIN = auth_pb.LoginRequest(email="ada@example.com", password=PASSWORD)


async def enrolled(core: Core) -> tuple[Person, list[str]]:
    """Log somebody in and give them a second factor, through the door."""
    ada = await core.user()
    await core.mfa.EnrollTotp(pb.EnrollTotpRequest(user_id="me"), metadata=ada.credentials)
    code = core.world.totp_code(ada.user).text
    answer = await core.mfa.ConfirmTotp(
        pb.ConfirmTotpRequest(user_id=ada.id, totp_code=code), metadata=ada.credentials
    )
    core.world.clock.advance(30)
    return ada, list(answer.recovery_codes)


async def challenge(core: Core) -> str:
    answer = await core.auth.Login(LOGIN)
    return answer.mfa_challenge.challenge_token


async def test_an_enrolment_answers_the_secret_in_both_forms() -> None:
    async with running_core() as core:
        ada = await core.user()
        answer = await core.mfa.EnrollTotp(
            pb.EnrollTotpRequest(user_id="me"), metadata=ada.credentials
        )

    assert len(answer.secret) == 32
    assert f"secret={answer.secret}&" in urlsplit(answer.otpauth_uri).query
    assert urlsplit(answer.otpauth_uri).path == "/Pandora%20Exchange:ada%40example.com"


async def test_a_confirmation_answers_ten_recovery_codes_and_shows_in_the_account() -> None:
    async with running_core() as core:
        ada, codes = await enrolled(core)
        me = await core.users.GetUser(
            users_pb.GetUserRequest(user_id="me"), metadata=ada.credentials
        )
        again = await refused(
            core.mfa.EnrollTotp(pb.EnrollTotpRequest(user_id="me"), metadata=ada.credentials)
        )

    assert len(set(codes)) == 10
    assert me.user.mfa_enabled
    assert again.reason == "ALREADY_ENROLLED"
    assert again.code is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_login_answers_the_challenge_and_nothing_else() -> None:
    async with running_core() as core:
        await enrolled(core)
        answer = await core.auth.Login(LOGIN)

    assert [field.name for field, _ in answer.ListFields()] == ["mfa_challenge"]
    assert answer.mfa_challenge.challenge_token
    assert answer.mfa_challenge.expires_in == 300


async def test_a_completed_login_is_answered_in_the_form_of_a_login() -> None:
    async with running_core() as core:
        ada, codes = await enrolled(core)
        request = auth_pb.CompleteMfaRequest(
            challenge_token=await challenge(core),
            totp_code=core.world.totp_code(ada.user).text,
        )
        first = await core.auth.CompleteMfa(request)
        second = await core.auth.CompleteMfa(
            auth_pb.CompleteMfaRequest(
                challenge_token=await challenge(core), recovery_code=codes[0]
            )
        )
        me = await core.users.GetUser(
            users_pb.GetUserRequest(user_id="me"), metadata=bearer(first.access_token)
        )
        claims = core.world.access_tokens.read(first.access_token)
        introspected = core.world.access_tokens.read(second.access_token)

    assert me.user == first.user
    assert first.user.id == ada.id
    assert first.user.mfa_enabled
    assert first.token_type == second.token_type == "Bearer"
    assert first.expires_in == 900
    assert first.refresh_expires_in == 7 * 24 * 3600
    assert first.session_id == str(claims.session_id)
    assert first.refresh_token != second.refresh_token
    assert not first.HasField("mfa_challenge")
    assert claims.amr == ("pwd", "otp", "mfa")
    assert introspected.amr == ("pwd", "mfa")


async def test_refusals_have_the_contracts_reasons() -> None:
    async with running_core() as core:
        await enrolled(core)
        token = await challenge(core)
        wrong = await refused(
            core.auth.CompleteMfa(
                auth_pb.CompleteMfaRequest(challenge_token=token, totp_code="918273")
            )
        )
        unknown = await refused(
            core.auth.CompleteMfa(
                auth_pb.CompleteMfaRequest(challenge_token="x", totp_code="918273")
            )
        )

    assert (wrong.reason, wrong.code) == ("MFA_CODE_INVALID", grpc.StatusCode.UNAUTHENTICATED)
    assert unknown.reason == "ONE_TIME_TOKEN_INVALID"
    assert unknown.code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    "request_",
    [
        auth_pb.CompleteMfaRequest(challenge_token="c"),
        auth_pb.CompleteMfaRequest(totp_code="123456"),
        auth_pb.CompleteMfaRequest(challenge_token="c", totp_code="12345"),
        auth_pb.CompleteMfaRequest(challenge_token="c", totp_code="١٢٣٤٥٦"),
        auth_pb.CompleteMfaRequest(challenge_token="c", recovery_code=""),
        auth_pb.CompleteMfaRequest(challenge_token="c", recovery_code="x" * 65),
    ],
    ids=["no proof", "no challenge", "five digits", "other digits", "empty", "too long"],
)
async def test_a_completion_needs_a_challenge_and_one_well_formed_proof(
    request_: auth_pb.CompleteMfaRequest,
) -> None:
    async with running_core() as core:
        refusal = await refused(core.auth.CompleteMfa(request_))

    assert refusal.reason == "VALIDATION_FAILED"


async def test_password_and_code_remove_the_second_factor() -> None:
    async with running_core() as core:
        ada, _ = await enrolled(core)

        def request(password: str, code: TotpCode) -> pb.DisableTotpRequest:
            return pb.DisableTotpRequest(user_id="me", password=password, totp_code=code.text)

        right = core.world.totp_code(ada.user)
        wrong_password = await refused(
            core.mfa.DisableTotp(request("wrong", right), metadata=ada.credentials)
        )
        wrong_code = await refused(
            core.mfa.DisableTotp(request(PASSWORD, TotpCode("918273")), metadata=ada.credentials)
        )
        await core.mfa.DisableTotp(request(PASSWORD, right), metadata=ada.credentials)
        await core.mfa.DisableTotp(request(PASSWORD, right), metadata=ada.credentials)
        login = await core.auth.Login(LOGIN)

    assert wrong_password.reason == "INVALID_CREDENTIALS"
    assert wrong_code.reason == "MFA_CODE_INVALID"
    assert login.access_token
    assert not login.user.mfa_enabled


async def test_a_recovery_code_removes_it_where_the_authenticator_is_lost() -> None:
    async with running_core() as core:
        ada, codes = await enrolled(core)
        core.world.secret_box.reachable = False
        await core.mfa.DisableTotp(
            pb.DisableTotpRequest(user_id="me", password=PASSWORD, recovery_code=codes[3]),
            metadata=ada.credentials,
        )
        login = await core.auth.Login(LOGIN)

    assert login.access_token


async def test_without_vault_only_what_needs_it_is_unavailable() -> None:
    async with running_core() as core:
        ada, codes = await enrolled(core)
        bob = await core.user("bob@example.com")
        core.world.secret_box.reachable = False
        token = await challenge(core)
        code = core.world.totp_code(ada.user).text
        unavailable = [
            await refused(
                core.auth.CompleteMfa(
                    auth_pb.CompleteMfaRequest(challenge_token=token, totp_code=code)
                )
            ),
            await refused(
                core.mfa.EnrollTotp(pb.EnrollTotpRequest(user_id="me"), metadata=bob.credentials)
            ),
            await refused(
                core.mfa.DisableTotp(
                    pb.DisableTotpRequest(user_id="me", password=PASSWORD, totp_code=code),
                    metadata=ada.credentials,
                )
            ),
        ]
        completed = await core.auth.CompleteMfa(
            auth_pb.CompleteMfaRequest(challenge_token=token, recovery_code=codes[0])
        )
        plain = await core.auth.Login(
            auth_pb.LoginRequest(email="bob@example.com", password=PASSWORD)
        )

    assert {refusal.reason for refusal in unavailable} == {"DEPENDENCY_UNAVAILABLE"}
    assert {refusal.code for refusal in unavailable} == {grpc.StatusCode.UNAVAILABLE}
    assert all(refusal.retry is not None for refusal in unavailable)
    assert completed.access_token
    assert plain.access_token


async def test_ten_minutes_after_a_login_the_second_factor_cannot_be_touched() -> None:
    async with running_core() as core:
        ada = await core.user()
        enroll = pb.EnrollTotpRequest(user_id="me")
        core.world.clock.advance(600)
        late = await refused(core.mfa.EnrollTotp(enroll, metadata=ada.credentials))
        pair = await core.auth.RefreshToken(
            auth_pb.RefreshTokenRequest(refresh_token=ada.login.tokens.refresh_token)
        )
        refreshed = await refused(core.mfa.EnrollTotp(enroll, metadata=bearer(pair.access_token)))
        again = await core.world.login()
        await core.mfa.EnrollTotp(enroll, metadata=bearer(again.tokens.access_token))

    assert late.reason == refreshed.reason == "RECENT_AUTHENTICATION_REQUIRED"


async def test_a_log_of_all_this_holds_neither_codes_nor_tokens_nor_secrets() -> None:
    async with running_core() as core:
        ada = await core.user()
        shown = await core.mfa.EnrollTotp(
            pb.EnrollTotpRequest(user_id="me"), metadata=ada.credentials
        )
        code = core.world.totp_code(ada.user).text
        confirmed = await core.mfa.ConfirmTotp(
            pb.ConfirmTotpRequest(user_id="me", totp_code=code), metadata=ada.credentials
        )
        token = await challenge(core)
        await refused(
            core.auth.CompleteMfa(auth_pb.CompleteMfaRequest(challenge_token=token, totp_code=code))
        )
        await core.auth.CompleteMfa(
            auth_pb.CompleteMfaRequest(
                challenge_token=token, recovery_code=confirmed.recovery_codes[0]
            )
        )
        written = repr([core.log.entries, core.world.database.audit_entries])

    for secret in (shown.secret, shown.otpauth_uri, token, *confirmed.recovery_codes):
        assert secret not in written
    # Six digits could stand in a duration or an id by chance; as a word of their own they do not.
    assert f"'{code}'" not in written
