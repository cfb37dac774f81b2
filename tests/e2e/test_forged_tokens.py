"""Every forged access token is refused on every route of both doors that asks for one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Final

import pytest_asyncio
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from core.middleware.access_rule import access_rules
from core.transport.services import SERVICES
from pandora.user.v1.auth_service_pb2 import IntrospectTokenRequest
from pandora.user.v1.auth_service_pb2_grpc import AuthServiceStub
from tests.e2e.both_doors import METHODS, Door, GrpcDoor, Reply, RestDoor, new_id
from tests.e2e.grpc_door import open_channel
from tests.e2e.people import administrator
from tests.e2e.rest import Rest
from tests.e2e.service import Service
from tests.e2e.signing import forger
from tests.unit.crypto.forger import Forger
from tests.unit.crypto.forgeries import FORGERIES
from tests.unit.middleware.door import full_path
from tests.unit.promised_rpcs import PROMISES

LEAST_FORGERIES: Final = 40
AT_ONCE: Final = 40
INVALID: Final = ("UNAUTHENTICATED", "TOKEN_INVALID")
LOGOUT: Final = "AuthService/Logout"
"""Anyone may call it, and a bearer token is judged by the use case."""
LONGEST: Final = 8192
"""Characters of a token that introspection takes."""

# Longer than any head that the doors read: the refusal comes before the token is looked at.
_TOO_LONG: Final = {"huge"}

# What only the storage can tell from a genuine token: our key has signed them, nothing is missing.
_UNKNOWN_TO_THE_STORAGE: Final[Mapping[str, Callable[[Forger], str]]] = {
    "somebody else in a session": lambda f: f.with_claims(sub=new_id()),
    "a service whose token was never minted": lambda f: f.ours(
        {
            **{key: value for key, value in f.claims.items() if key not in {"sid", "kyc_status"}},
            "sub": "service:wallet",
            "role": "service",
        }
    ),
}


def judged_routes() -> Sequence[str]:
    """Return every RPC that a token is judged on; nobody has to list a new one."""
    rules = access_rules(SERVICES)
    closed = [
        name
        for name in METHODS
        if (rule := rules.get(full_path(name)[1:])) is None or not rule.anyone
    ]
    return [*closed, LOGOUT]


def sendable(token: str) -> bool:
    """Tell whether a header can hold the token and still means it: HTTP trims white space."""
    return token.isascii() and token.isprintable() and token == token.strip()


def encodable(token: str) -> bool:
    """Tell whether a token is text that UTF-8 can hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in token)


@pytest_asyncio.fixture
async def doors(service: Service, rest: Rest) -> AsyncIterator[Mapping[str, Door]]:
    async with open_channel(service.site) as channel:
        yield {"gRPC": GrpcDoor(channel), "REST": RestDoor(rest.session, service.site.gateway_url)}


@pytest_asyncio.fixture
async def attacker(service: Service, rest: Rest) -> Forger:
    """Whoever takes in a forgery of theirs takes it for an administrator's token."""
    admin = await administrator(rest, service)
    return forger(service.site, user=admin.id, session=admin.session_id, token_id=new_id())


def empty_request(method: str) -> Message:
    """Authentication comes before anything is looked for in a request, but for its path."""
    request = GetMessageClass(METHODS[method].input_type)()
    for name in ("user_id", "session_id"):
        if name in METHODS[method].input_type.fields_by_name:
            setattr(request, name, "me")
    return request


def _said(reply: Reply) -> tuple[str, str | None]:
    return reply.code, reply.reason


async def replies(
    doors: Mapping[str, Door], tokens: Mapping[str, str], methods: Iterable[str]
) -> Mapping[tuple[str, str, str], Reply]:
    """Present every token on every route of every door; keys are door, route and token's name."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def present(door: Door, method: str, token: str) -> Reply:
        async with turns:
            return await door.call(method, empty_request(method), token=token)

    cases = [
        (door, method, name)
        for door in doors
        for method in methods
        if doors[door].serves(method)
        for name in tokens
    ]
    answers = await asyncio.gather(
        *(present(doors[door], method, tokens[name]) for door, method, name in cases)
    )
    return dict(zip(cases, answers, strict=True))


async def test_every_promised_route_that_asks_for_a_token_is_attacked() -> None:
    closed = {
        name.replace(".", "/") for name, each in PROMISES.items() if "anyone" not in each.callers
    }
    assert set(judged_routes()) == closed | {LOGOUT}


async def test_the_genuine_token_is_taken_by_every_route_of_both_doors(
    doors: Mapping[str, Door], attacker: Forger
) -> None:
    """Otherwise a refusal of all others would mean nothing. An empty request changes nothing."""
    methods = [name for name in judged_routes() if name != LOGOUT]
    harmless = [
        name for name in methods if name in {"UserService/GetUser", "UserService/ListUsers"}
    ]
    seen = await replies(doors, {"genuine": attacker.genuine()}, harmless)
    assert {reply.code for reply in seen.values()} == {"OK"}


async def test_every_forgery_is_refused_on_every_route_of_both_doors(
    doors: Mapping[str, Door], attacker: Forger
) -> None:
    made = {name: forge(attacker) for name, forge in FORGERIES.items()}
    tokens = {name: token for name, token in made.items() if sendable(token)}
    assert len(tokens) >= LEAST_FORGERIES

    seen = await replies(doors, tokens, judged_routes())

    judged = {case: reply for case, reply in seen.items() if case[2] not in _TOO_LONG}
    assert {case: reply for case, reply in judged.items() if _said(reply) != INVALID} == {}
    assert {reply.status for reply in judged.values()} == {0, 401}
    unread = {(case[0], seen[case].code, seen[case].status) for case in seen.keys() - judged.keys()}
    assert unread == {("gRPC", "RESOURCE_EXHAUSTED", 0), ("REST", "INVALID_ARGUMENT", 431)}


async def test_a_signature_of_ours_is_not_enough_without_a_session_or_a_record(
    doors: Mapping[str, Door], attacker: Forger
) -> None:
    tokens = {name: forge(attacker) for name, forge in _UNKNOWN_TO_THE_STORAGE.items()}
    methods = [method for method in judged_routes() if method != LOGOUT]
    seen = await replies(doors, tokens, methods)
    assert {case: reply for case, reply in seen.items() if _said(reply) != INVALID} == {}


async def test_a_token_past_its_time_is_expired_on_every_route_of_both_doors(
    doors: Mapping[str, Door], attacker: Forger
) -> None:
    tokens = {str(age): attacker.expired(seconds=age) for age in (1, 10**6)}
    seen = await replies(doors, tokens, judged_routes())
    assert {_said(reply) for reply in seen.values()} == {("UNAUTHENTICATED", "TOKEN_EXPIRED")}


async def test_no_forgery_is_active_to_whoever_asks(
    service: Service, rest: Rest, attacker: Forger
) -> None:
    """The body of a request can hold what no header can."""
    genuine = attacker.genuine()
    made = [
        genuine,
        *(forge(attacker) for forge in {**FORGERIES, **_UNKNOWN_TO_THE_STORAGE}.values()),
    ]
    tokens = [token for token in made if 0 < len(token) <= LONGEST and encodable(token)]
    async with open_channel(service.site) as channel:
        stub = AuthServiceStub(channel)

        async def ask(token: str) -> tuple[bool, bool]:
            answer = await rest.post("/v1/auth/introspect", {"token": token}, token=genuine)
            response = await stub.IntrospectToken(
                IntrospectTokenRequest(token=token),
                metadata=(("authorization", f"Bearer {genuine}"),),
            )
            return answer.json["active"], response.active

        active = await asyncio.gather(*map(ask, tokens))
    assert active == [(True, True), *[(False, False)] * (len(tokens) - 1)]
