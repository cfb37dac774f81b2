"""The calls of account recovery and of verified addresses; see scenarios."""

from core.domain.errors import (
    EmailAlreadyRegistered,
    InvalidCredentials,
    OneTimeTokenInvalid,
    UserNotFound,
)
from core.domain.mail import MailTemplate
from tests.fakes.world import PASSWORD
from tests.unit.service.scenarios import Ada, Scenario

NEW_PASSWORD = "another horse, another battery"


async def _change(ada: Ada, current: str = PASSWORD) -> object:
    await ada.world.use_cases.password_change.change(
        ada.user.id,
        current_password=current,
        new_password=NEW_PASSWORD,
        caller=ada.world.caller(ada.user),
    )
    return None


async def _request_reset(ada: Ada, email: str = "ada@example.com") -> object:
    await ada.world.use_cases.password_reset.request(email=email, caller=ada.world.nobody)
    return None


async def _reset(ada: Ada) -> object:
    await ada.world.use_cases.password_reset.reset(
        token=ada.world.mailed_token(MailTemplate.PASSWORD_RESET),
        new_password=NEW_PASSWORD,
        caller=ada.world.nobody,
    )
    return None


async def _request_verification(ada: Ada) -> object:
    await ada.world.use_cases.email_verification.request(
        ada.user.id, caller=ada.world.caller(ada.user)
    )
    return None


async def _confirm(ada: Ada) -> object:
    return await ada.world.use_cases.email_verification.confirm(
        token=ada.world.mailed_token(MailTemplate.EMAIL_VERIFICATION), caller=ada.world.nobody
    )


async def _register_anew(ada: Ada, email: str = "ada@example.com") -> object:
    return await ada.world.use_cases.registration.register(
        email=email, password=PASSWORD, full_name=None, caller=ada.world.nobody
    )


RECOVERY_SCENARIOS = (
    Scenario(name="change the password", call=_change),
    Scenario(
        name="change the password with a wrong one",
        call=lambda ada: _change(ada, "wrong"),
        error=InvalidCredentials,
    ),
    Scenario(name="ask for a reset", call=_request_reset),
    Scenario(name="ask for a reset again", before=(_request_reset,), call=_request_reset),
    Scenario(
        name="ask for a reset of nobody",
        call=lambda ada: _request_reset(ada, "eve@example.com"),
        recorded=UserNotFound,
    ),
    Scenario(name="reset the password", before=(_request_reset,), call=_reset),
    Scenario(
        name="reset the password again",
        before=(_request_reset, _reset),
        call=_reset,
        error=OneTimeTokenInvalid,
    ),
    Scenario(name="ask for a verification", call=_request_verification),
    Scenario(name="confirm the address", before=(_request_verification,), call=_confirm),
    Scenario(
        name="confirm the address again",
        before=(_request_verification, _confirm),
        call=_confirm,
        error=OneTimeTokenInvalid,
    ),
    Scenario(
        name="register silently",
        call=lambda ada: _register_anew(ada, "eve@example.com"),
        neutral_registration=True,
    ),
    Scenario(
        name="register silently what is taken",
        call=_register_anew,
        recorded=EmailAlreadyRegistered,
        neutral_registration=True,
    ),
)
