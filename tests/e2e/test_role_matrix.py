"""Who may do what, through both doors: every RPC of the contract, for every kind of caller.

The RPCs come from the descriptors, and what each caller is promised from the contract's table; an
RPC that is new in the one and not in the other is a failure by itself. Each call is made by a
caller, and about a person, that no other call has to do with.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

import pytest
import pytest_asyncio
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from core.domain.ports.unit_of_work import UnitOfWork
from core.domain.user import Role
from tests.e2e.accounts import Accounts, open_accounts
from tests.e2e.both_doors import METHODS, Door, GrpcDoor, Reply, RestDoor
from tests.e2e.grpc_door import open_channel
from tests.e2e.people import new_email
from tests.e2e.rest import open_session
from tests.e2e.service import Service
from tests.unit.middleware.requests import ABOUT_A_USER, OTHERS
from tests.unit.promised_rpcs import PROMISES

AT_ONCE: Final = 20
LONG_AGO: Final = timedelta(hours=1)
"""A login that is not recent any more; the session is alive."""


class Kind(StrEnum):
    """Everybody who may knock."""

    NOBODY = "nobody"
    USER = "user"
    SUPPORT = "support"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
    SERVICE = "service"
    SUSPENDED_USER = "suspended user"
    SUSPENDED_ADMIN = "suspended admin"
    USER_OF_LONG_AGO = "user, long logged in"
    ADMIN_OF_LONG_AGO = "admin, long logged in"


ROLES: Final[Mapping[Kind, Role]] = {
    Kind.USER: Role.USER,
    Kind.SUPPORT: Role.SUPPORT,
    Kind.COMPLIANCE: Role.COMPLIANCE,
    Kind.ADMIN: Role.ADMIN,
    Kind.SERVICE: Role.SERVICE,
    Kind.SUSPENDED_USER: Role.USER,
    Kind.SUSPENDED_ADMIN: Role.ADMIN,
    Kind.USER_OF_LONG_AGO: Role.USER,
    Kind.ADMIN_OF_LONG_AGO: Role.ADMIN,
}
SUSPENDED: Final = {Kind.SUSPENDED_USER, Kind.SUSPENDED_ADMIN}
OF_LONG_AGO: Final = {Kind.USER_OF_LONG_AGO, Kind.ADMIN_OF_LONG_AGO}
WITHOUT_ACCOUNT: Final = {Kind.NOBODY, Kind.SERVICE}


class Target(StrEnum):
    """Whom a request is about, as its `user_id` says it."""

    NONE = "no user_id"
    ME = "me"
    OWN_ID = "their own id"
    OWN_ID_IN_CAPITALS = "their own id in capitals"
    ANOTHER = "another's id"


ONESELF: Final = {Target.ME, Target.OWN_ID, Target.OWN_ID_IN_CAPITALS}

ACCESS_REFUSALS: Final = {
    "TOKEN_MISSING",
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "SESSION_REVOKED",
    "PERMISSION_DENIED",
    "RECENT_AUTHENTICATION_REQUIRED",
    "ACCOUNT_SUSPENDED",
}
FAULTS: Final = {"INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "UNAVAILABLE", "RESOURCE_EXHAUSTED"}
"""Codes that leave open whether a call would have been allowed."""
ALLOWED: Final = "allowed"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call."""

    door: str
    method: str
    target: Target

    def __str__(self) -> str:
        return f"{self.door} {self.method}, {self.target}"


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who makes the call, and whom it is about."""

    token: str | None
    user_id: str


def cases(kind: Kind, doors: Mapping[str, Door]) -> Iterator[Case]:
    for door in doors:
        for method in METHODS:
            if doors[door].serves(method):
                for target in targets(kind, method):
                    yield Case(door=door, method=method, target=target)


def targets(kind: Kind, method: str) -> Sequence[Target]:
    if method in OTHERS or "user_id" not in METHODS[method].input_type.fields_by_name:
        return (Target.NONE,)
    if kind in WITHOUT_ACCOUNT:
        return (Target.ME, Target.ANOTHER)
    return (Target.ME, Target.OWN_ID, Target.OWN_ID_IN_CAPITALS, Target.ANOTHER)


def promised(kind: Kind, case: Case) -> str:
    """Return what the contract promises this caller: `allowed`, or the reason of the refusal."""
    promise = PROMISES[case.method.replace("/", ".")]
    about_oneself = case.target in ONESELF and kind not in WITHOUT_ACCOUNT
    if "anyone" in promise.callers:
        return ALLOWED
    if kind is Kind.NOBODY:
        return "TOKEN_MISSING"
    if kind in SUSPENDED:
        return "SESSION_REVOKED"
    by_role = ROLES[kind] in promise.callers and not (about_oneself and promise.never_on_oneself)
    if not by_role and not (about_oneself and "self" in promise.callers):
        return "PERMISSION_DENIED"
    if kind in OF_LONG_AGO and about_oneself and promise.after_recent_login:
        return "RECENT_AUTHENTICATION_REQUIRED"
    return ALLOWED


def verdict(reply: Reply) -> str:
    """Return what a reply says about access. A refusal of another kind comes after it."""
    if reply.reason in ACCESS_REFUSALS:
        return str(reply.reason)
    if reply.reason == "SERVER_BUSY":
        return ALLOWED  # one verification at a time: another caller of this test came first
    return f"{reply.code} {reply.reason}" if reply.code in FAULTS else ALLOWED


def request_for(case: Case, user_id: str) -> Message:
    """Return a valid request where there is one, and else one that says whom it is about."""
    if case.method in ABOUT_A_USER:
        return ABOUT_A_USER[case.method](user_id)
    known = OTHERS.get(case.method)
    request = known() if known else GetMessageClass(METHODS[case.method].input_type)()
    fields = METHODS[case.method].input_type.fields_by_name
    # Attempts at one address would be throttled.
    changes = {"user_id": user_id} if case.target is not Target.NONE else {"email": new_email()}
    for name in changes.keys() & fields.keys():
        setattr(request, name, changes[name])
    return request


@pytest_asyncio.fixture
async def doors(service: Service) -> AsyncIterator[Mapping[str, Door]]:
    async with (
        open_channel(service.site) as channel,
        open_session(service.site.certificates) as session,
    ):
        yield {"gRPC": GrpcDoor(channel), "REST": RestDoor(session, service.site.gateway_url)}


@pytest_asyncio.fixture
async def accounts(service: Service) -> AsyncIterator[Accounts]:
    async with open_accounts(service.site) as accounts:
        yield accounts


async def cast(accounts: Accounts, unit: UnitOfWork, kind: Kind, target: Target) -> Cast:
    """Make the people of one call."""
    another = (await accounts.create(unit)).id if target is Target.ANOTHER else ""
    if kind in WITHOUT_ACCOUNT:
        service = kind is Kind.SERVICE
        token = await accounts.service_token(unit, "matrix") if service else None
        return Cast(token=token, user_id=another or "me")
    age = LONG_AGO if kind in OF_LONG_AGO else timedelta(0)
    caller = await accounts.create(unit, ROLES[kind], suspended=kind in SUSPENDED, age=age)
    spellings = {
        Target.ANOTHER: another,
        Target.OWN_ID: caller.id,
        Target.OWN_ID_IN_CAPITALS: caller.id.upper(),
    }
    return Cast(token=caller.access_token, user_id=spellings.get(target, "me"))


async def test_every_rpc_is_promised_and_every_promise_has_an_rpc() -> None:
    assert METHODS.keys() == {name.replace(".", "/") for name in PROMISES}


async def test_every_promised_route_is_served_at_its_door(doors: Mapping[str, Door]) -> None:
    routed = {name.replace(".", "/") for name, promise in PROMISES.items() if promise.route}
    assert {method for method in METHODS if doors["REST"].serves(method)} == routed


@pytest.mark.parametrize("kind", Kind)
async def test_each_caller_may_do_what_the_contract_promises_and_nothing_else(
    kind: Kind, doors: Mapping[str, Door], accounts: Accounts
) -> None:
    calls = list(cases(kind, doors))
    async with accounts.database.transaction() as unit:
        casts = [await cast(accounts, unit, kind, case.target) for case in calls]
        await unit.commit()
    turns = asyncio.Semaphore(AT_ONCE)

    async def make(case: Case, who: Cast) -> str:
        request = request_for(case, who.user_id)
        async with turns:
            return verdict(await doors[case.door].call(case.method, request, token=who.token))

    seen = await asyncio.gather(*map(make, calls, casts))

    wrong = {
        str(case): f"{verdict}, promised: {promised(kind, case)}"
        for case, verdict in zip(calls, seen, strict=True)
        if verdict != promised(kind, case)
    }
    assert wrong == {}
