"""One call of every use case that writes, ready to be made and to be disturbed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.domain.errors import (
    AccountSuspended,
    DomainError,
    InvalidCredentials,
    RefreshTokenInvalid,
    RefreshTokenReused,
    TokenInvalid,
)
from core.domain.kyc import KycStatus
from core.domain.session import TokenPair
from core.domain.user import Role, User
from tests.fakes.world import PASSWORD, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Ada:
    """Ada is an administrator beside another one, and logged in."""

    world: World
    user: User
    tokens: TokenPair


Call = Callable[[Ada], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens before, the call, and the error that it ends with, if any."""

    name: str
    call: Call
    before: tuple[Call, ...] = ()
    error: type[DomainError] | None = None

    async def prepare(self) -> Ada:
        """Make a fresh world in which the call can be made."""
        world = World()
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
    Scenario(name="refresh again", before=(_refresh,), call=_refresh, error=RefreshTokenReused),
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
    Scenario(name="mint a service token", call=_mint),
    Scenario(
        name="revoke service tokens",
        before=(_mint,),
        call=lambda ada: ada.world.use_cases.service_tokens.revoke(
            "ledger", caller=ada.world.system
        ),
    ),
)
