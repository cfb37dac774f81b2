import pytest

from core.domain.errors import DomainError, SessionRevoked, TokenExpired
from tests.unit.middleware.door import open_door
from tests.unit.middleware.requests import ABOUT_A_USER

pytestmark = pytest.mark.asyncio

GET_USER = "UserService/GetUser"
ME = ABOUT_A_USER[GET_USER]("me")


@pytest.mark.parametrize(
    "header", ["Bearer user", "bearer user", "BEARER user", "bEaReR user", "Bearer   user"]
)
async def test_the_scheme_is_read_in_any_letter_case(header: str) -> None:
    async with open_door() as door:
        await door.call(GET_USER, ME, metadata=[("authorization", header)])

        assert door.authenticator.asked == ["user"]


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Negotiate abc", "", "user", "Bearers x"])
async def test_credentials_of_another_scheme_are_no_bearer_token(header: str) -> None:
    async with open_door() as door:
        refusal = await door.refusal(GET_USER, ME, metadata=[("authorization", header)])

    assert refusal.reason == "TOKEN_MISSING"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer user user",
        "Bearer user, Bearer admin",
        "Bearer user;admin",
        'Bearer "user"',
        "Bearer us=er",
        "Bearer ..%2f",
    ],
)
async def test_a_token_that_is_not_of_the_syntax_never_reaches_the_authenticator(
    header: str,
) -> None:
    async with open_door() as door:
        refusal = await door.refusal(GET_USER, ME, metadata=[("authorization", header)])

        assert door.authenticator.asked == []
    assert refusal.reason in {"TOKEN_INVALID", "TOKEN_MISSING"}


async def test_two_authorizations_are_refused_even_where_both_are_good() -> None:
    twice = [("authorization", "Bearer admin"), ("authorization", "Bearer user")]
    async with open_door() as door:
        refusal = await door.refusal(GET_USER, ME, metadata=twice)

        assert door.authenticator.asked == []
    assert refusal.reason == "TOKEN_INVALID"


@pytest.mark.parametrize("error", [TokenExpired(), SessionRevoked()], ids=lambda e: e.reason)
async def test_what_the_authenticator_says_reaches_the_client(error: DomainError) -> None:
    async with open_door() as door:
        door.authenticator.errors["stale"] = error
        refusal = await door.refusal(GET_USER, ME, token="stale")

    assert refusal.reason == error.reason
