"""One call of every use case that writes, ready to be made and to be disturbed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.domain.errors import (
    AccountSuspended,
    DomainError,
    InvalidCredentials,
    MfaCodeInvalid,
    OneTimeTokenInvalid,
    RefreshTokenInvalid,
    RefreshTokenReused,
    TokenInvalid,
)
from core.domain.kyc import KycStatus
from core.domain.mfa import TotpCode
from core.domain.session import TokenPair
from core.domain.user import Role, User
from tests.fakes.world import PASSWORD, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Ada:
    """Ada is an administrator beside another one, and logged in."""

    world: World
    user: User
    tokens: TokenPair
    challenges: list[str] = field(default_factory=list)


Call = Callable[[Ada], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens before, the call, and the error that it ends with, if any.

    Some refusals are `recorded` alone, because the caller must not learn of them.
    """

    name: str
    call: Call
    before: tuple[Call, ...] = ()
    error: type[DomainError] | None = None
    recorded: type[DomainError] | None = None
    neutral_registration: bool = False

    async def prepare(self) -> Ada:
        """Make a fresh world in which the call can be made."""
        world = World(neutral_registration=self.neutral_registration)
        await world.create_admin()
        user = await world.create_admin("ada@example.com")
        ada = Ada(world=world, user=user, tokens=(await world.login()).tokens)
        for call in self.before:
            await call(ada)
        world.database.steps.clear()
        return ada


async def _refresh(ada: Ada) -> object:
    return await ada.world.use_cases.refresh.refresh(
        refresh_token=ada.tokens.refresh_token, request_id=None, caller=ada.world.nobody
    )


async def _change_keys(ada: Ada) -> object:
    ada.world.refresh_tokens.key = "another key"
    return None


async def _logout(ada: Ada) -> object:
    await ada.world.use_cases.logout.logout(
        refresh_token=ada.tokens.refresh_token, access_token=None, caller=ada.world.nobody
    )
    return None


async def _delete(ada: Ada) -> object:
    return await ada.world.use_cases.deletion.delete(ada.user.id, caller=ada.world.staff())


async def _suspend(ada: Ada) -> object:
    return await ada.world.use_cases.administration.suspend(
        ada.user.id, reason="fraud", caller=ada.world.staff()
    )


async def _reject(ada: Ada) -> object:
    return await ada.world.use_cases.kyc.update(
        ada.user.id, status=KycStatus.REJECTED, reason="unreadable", caller=ada.world.staff()
    )


async def _begin_enrolment(ada: Ada) -> object:
    return await ada.world.use_cases.mfa_enrolment.enroll(
        ada.user.id, caller=ada.world.caller(ada.user)
    )


async def _enroll(ada: Ada) -> object:
    return await ada.world.enroll(ada.user)


async def _confirm(ada: Ada) -> object:
    return await ada.world.use_cases.mfa_enrolment.confirm(
        ada.user.id, code=ada.world.totp_code(ada.user).text, caller=ada.world.caller(ada.user)
    )


async def _confirm_wrongly(ada: Ada) -> object:
    return await ada.world.use_cases.mfa_enrolment.confirm(
        ada.user.id, code="918273", caller=ada.world.caller(ada.user)
    )


async def _disable(ada: Ada) -> object:
    await ada.world.use_cases.mfa_removal.disable(
        ada.user.id,
        password=PASSWORD,
        proof=ada.world.totp_code(ada.user, steps=1),
        caller=ada.world.caller(ada.user),
    )
    return None


async def _disable_wrongly(ada: Ada) -> object:
    await ada.world.use_cases.mfa_removal.disable(
        ada.user.id,
        password="wrong",
        proof=ada.world.totp_code(ada.user, steps=1),
        caller=ada.world.caller(ada.user),
    )
    return None


async def _challenge(ada: Ada) -> object:
    return await ada.world.begin_login()


async def _complete(ada: Ada) -> object:
    (challenge,) = ada.challenges
    return await ada.world.complete(challenge, ada.world.totp_code(ada.user, steps=1))


async def _complete_wrongly(ada: Ada) -> object:
    (challenge,) = ada.challenges
    return await ada.world.complete(challenge, TotpCode("918273"))


async def _be_challenged(ada: Ada) -> object:
    ada.challenges.append(await ada.world.challenge())
    return None


async def _mint(ada: Ada) -> object:
    return await ada.world.use_cases.service_tokens.mint("ledger", caller=ada.world.system)


SCENARIOS = (
    Scenario(name="register", call=lambda ada: ada.world.register("eve@example.com")),
    Scenario(name="login", call=lambda ada: ada.world.login()),
    Scenario(
        name="login with a wrong password",
        call=lambda ada: ada.world.login("ada@example.com", "wrong"),
        error=InvalidCredentials,
    ),
    Scenario(
        name="login of nobody",
        call=lambda ada: ada.world.login("eve@example.com", PASSWORD),
        error=InvalidCredentials,
    ),
    Scenario(
        name="login while suspended",
        before=(_suspend,),
        call=lambda ada: ada.world.login(),
        error=AccountSuspended,
    ),
    Scenario(name="refresh", call=_refresh),
    Scenario(name="refresh again", before=(_refresh,), call=_refresh),
    Scenario(
        name="refresh with a stolen token",
        before=(_refresh,),
        call=lambda ada: ada.world.use_cases.refresh.refresh(
            refresh_token=ada.tokens.refresh_token, request_id=None, caller=ada.world.stranger
        ),
        error=RefreshTokenReused,
    ),
    Scenario(
        name="refresh again after a change of keys",
        before=(_refresh, _change_keys),
        call=_refresh,
        error=RefreshTokenInvalid,
    ),
    Scenario(
        name="refresh after logout", before=(_logout,), call=_refresh, error=RefreshTokenInvalid
    ),
    Scenario(
        name="refresh with a made-up token",
        call=lambda ada: ada.world.use_cases.refresh.refresh(
            refresh_token="made up", request_id=None, caller=ada.world.nobody
        ),
        error=RefreshTokenInvalid,
    ),
    Scenario(name="logout", call=_logout),
    Scenario(name="logout again", before=(_logout,), call=_logout),
    Scenario(
        name="logout with an access token",
        call=lambda ada: ada.world.use_cases.logout.logout(
            refresh_token=None, access_token=ada.tokens.access_token, caller=ada.world.nobody
        ),
    ),
    Scenario(
        name="logout with a forged access token",
        call=lambda ada: ada.world.use_cases.logout.logout(
            refresh_token=None, access_token="forged", caller=ada.world.nobody
        ),
        error=TokenInvalid,
    ),
    Scenario(
        name="update",
        call=lambda ada: ada.world.use_cases.profile.update(
            ada.user.id, full_name="Ada", caller=ada.world.staff()
        ),
    ),
    Scenario(name="delete", call=_delete),
    Scenario(
        name="restore",
        before=(_delete,),
        call=lambda ada: ada.world.use_cases.deletion.restore(
            ada.user.id, caller=ada.world.staff()
        ),
    ),
    Scenario(
        name="set role",
        call=lambda ada: ada.world.use_cases.administration.set_role(
            ada.user.id, role=Role.USER, caller=ada.world.staff()
        ),
    ),
    Scenario(name="suspend", call=_suspend),
    Scenario(
        name="reactivate",
        before=(_suspend,),
        call=lambda ada: ada.world.use_cases.administration.reactivate(
            ada.user.id, reason="cleared", caller=ada.world.staff()
        ),
    ),
    Scenario(
        name="create an administrator", call=lambda ada: ada.world.create_admin("b@example.com")
    ),
    Scenario(
        name="revoke a session",
        call=lambda ada: ada.world.use_cases.sessions.revoke(
            ada.user.id, ada.tokens.session_id, caller=ada.world.staff()
        ),
    ),
    Scenario(
        name="revoke all sessions",
        call=lambda ada: ada.world.use_cases.sessions.revoke_all(
            ada.user.id, keep_current=False, caller=ada.world.staff()
        ),
    ),
    Scenario(name="decide on KYC", call=_reject),
    Scenario(
        name="submit KYC",
        before=(_reject,),
        call=lambda ada: ada.world.use_cases.kyc.submit(
            ada.user.id, caller=ada.world.caller(ada.user)
        ),
    ),
    Scenario(name="begin to enroll a second factor", call=_begin_enrolment),
    Scenario(name="enroll a second factor", before=(_begin_enrolment,), call=_confirm),
    Scenario(
        name="enroll a second factor with a wrong code",
        before=(_begin_enrolment,),
        call=_confirm_wrongly,
        error=MfaCodeInvalid,
    ),
    Scenario(name="remove the second factor", before=(_enroll,), call=_disable),
    Scenario(
        name="remove the second factor with a wrong password",
        before=(_enroll,),
        call=_disable_wrongly,
        error=InvalidCredentials,
    ),
    Scenario(name="login with a second factor", before=(_enroll,), call=_challenge),
    Scenario(name="complete a login", before=(_enroll, _be_challenged), call=_complete),
    Scenario(
        name="complete a login with a wrong code",
        before=(_enroll, _be_challenged),
        call=_complete_wrongly,
        error=MfaCodeInvalid,
    ),
    Scenario(
        name="complete a login again",
        before=(_enroll, _be_challenged, _complete),
        call=_complete,
        error=OneTimeTokenInvalid,
    ),
    Scenario(
        name="complete a login while suspended",
        before=(_enroll, _be_challenged, _suspend),
        call=_complete,
        error=AccountSuspended,
    ),
    Scenario(name="mint a service token", call=_mint),
    Scenario(
        name="revoke service tokens",
        before=(_mint,),
        call=lambda ada: ada.world.use_cases.service_tokens.revoke(
            "ledger", caller=ada.world.system
        ),
    ),
)
