"""Throttled logins and limited calls through the doors, with Redis and without it."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.ledger import events_of, rows
from tests.e2e.people import PASSWORD, log_in, new_email, new_person, person_of
from tests.e2e.rest import Answer, Rest, open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import new_site
from tests.postgres_client import until
from tests.servers import Servers

pytestmark = pytest.mark.asyncio

_STRANGERS = int(IPv6Address("2001:db8:ffff::"))


def stranger() -> dict[str, str]:
    """Return headers of a client that was never seen before."""
    network = _STRANGERS + (random.getrandbits(16) << 64)
    return {"x-forwarded-for": str(IPv6Address(network + 1)), "user-agent": "stranger/1"}


async def attempt(rest: Rest, email: str, password: str, headers: dict[str, str]) -> Answer:
    return await rest.call(
        "POST", "/v1/auth/login", {"email": email, "password": password}, headers=headers
    )


async def guess(rest: Rest, email: str, headers: dict[str, str], times: int) -> Sequence[str]:
    """Guess so many times; return the reasons."""
    return [(await attempt(rest, email, "wrong", headers)).reason or "" for _ in range(times)]


async def until_admitted(rest: Rest, email: str, headers: dict[str, str]) -> Answer:
    """Come again as often as it takes."""
    answers: list[Answer] = []

    async def admitted() -> bool:
        answers.append(await attempt(rest, email, PASSWORD, headers))
        return answers[-1].status != 429

    await until(admitted)
    return answers[-1]


@pytest.mark.parametrize("exists", [True, False], ids=["known address", "unknown address"])
async def test_the_sixth_try_is_told_to_wait_whether_there_is_an_account_or_not(
    rest: Rest,
    exists: bool,  # noqa: FBT001 - a case
) -> None:
    email = (await new_person(rest)).email if exists else new_email()
    who = stranger()
    assert await guess(rest, email, who, 5) == ["INVALID_CREDENTIALS"] * 5
    refused = await attempt(rest, email, PASSWORD, who)
    assert (refused.status, refused.reason) == (429, "LOGIN_THROTTLED")
    assert refused.json["code"] == "RESOURCE_EXHAUSTED"
    assert 1 <= int(refused.headers["retry-after"]) <= 5
    # The account is what waits: another client fares no better.
    assert (await attempt(rest, email, PASSWORD, stranger())).reason == "LOGIN_THROTTLED"
    admitted = await until_admitted(rest, email, who)
    assert admitted.status == (200 if exists else 401)


async def test_a_stranger_s_failures_do_not_shut_out_the_device_that_is_known(rest: Rest) -> None:
    ada = await new_person(rest)
    await guess(rest, ada.email, stranger(), 6)
    assert (await attempt(rest, ada.email, PASSWORD, stranger())).status == 429
    assert person_of(await log_in(rest, ada.email)).id == ada.id


async def test_a_lock_out_and_a_new_device_are_told_to_the_platform(
    rest: Rest, service: Service
) -> None:
    ada = await new_person(rest)
    thief = stranger()
    await guess(rest, ada.email, thief, 7)
    entered = person_of(await until_admitted(rest, ada.email, thief))
    told = [event["event_type"] for event in await events_of(service, ada.id)]
    assert told.count("security.login_throttled") == 1
    (device,) = [
        event["payload"]
        for event in await events_of(service, ada.id)
        if event["event_type"] == "security.new_device"
    ]
    assert device == {"user_id": ada.id, "session_id": entered.session_id, "new_country": False}


async def test_a_new_country_is_told_to_the_platform(rest: Rest, service: Service) -> None:
    ada = await new_person(rest)
    abroad = {"x-forwarded-for": "2001:db8:aaaa::1", "user-agent": "pandora-e2e/1"}
    entered = person_of(await attempt(rest, ada.email, PASSWORD, abroad))
    (device,) = [
        event["payload"]
        for event in await events_of(service, ada.id)
        if event["event_type"] == "security.new_device"
    ]
    assert device == {"user_id": ada.id, "session_id": entered.session_id, "new_country": True}


async def test_a_country_file_that_is_none_ends_the_start_with_one_line(
    service: Service, tmp_path: Path
) -> None:
    garbage = tmp_path / "garbage.mmdb"
    garbage.write_bytes(b"no database")
    started = service.site.run(
        "core",
        "serve",
        PANDORA_GEO__DATABASE_FILE=str(garbage),
        PANDORA_CORE__METRICS_PORT="0",
        CORE_PORT="0",
    )
    assert started.returncode == 1
    assert "cannot start: read the country file: the country file cannot be read" in started.stderr
    assert len(started.stderr.splitlines()) == 1


async def test_each_refused_try_is_recorded(rest: Rest, service: Service) -> None:
    ada = await new_person(rest)
    await guess(rest, ada.email, stranger(), 8)
    found = rows(
        service,
        "SELECT reason, count(*) FROM audit_events WHERE user_id = %s AND outcome = 'failure'"
        " GROUP BY reason ORDER BY reason",
        ada.id,
    )
    assert found == [("INVALID_CREDENTIALS", 5), ("LOGIN_THROTTLED", 3)]


async def test_one_client_that_guesses_at_many_accounts_is_told_to_wait(rest: Rest) -> None:
    who = stranger()
    reasons = [(await guess(rest, new_email(), who, 1))[0] for _ in range(6)]
    assert reasons == ["INVALID_CREDENTIALS"] * 5 + ["LOGIN_THROTTLED"]


async def test_many_guesses_at_once_are_five_guesses(rest: Rest) -> None:
    ada = await new_person(rest)
    answers = await asyncio.gather(
        *(attempt(rest, ada.email, "wrong", stranger()) for _ in range(40))
    )
    reasons = [answer.reason for answer in answers]
    assert reasons.count("INVALID_CREDENTIALS") == 5
    assert reasons.count("LOGIN_THROTTLED") == 35


async def test_one_mailbox_is_not_flooded_and_nobody_learns_whose_it_is(rest: Rest) -> None:
    ada = await new_person(rest)
    for email in (ada.email, new_email()):
        answers = [
            await rest.call("POST", "/v1/auth/password-reset", {"email": email}, headers=stranger())
            for _ in range(8)
        ]
        assert [answer.status for answer in answers] == [200] * 6 + [429] * 2
        assert answers[-1].reason == "RATE_LIMITED"
        assert 300 < int(answers[-1].headers["retry-after"]) <= 600


@pytest.fixture
def own_service(private_servers: Servers, tmp_path: Path) -> Iterator[Service]:
    """A service on servers that the test may freeze."""
    settings = {"PANDORA_GATEWAY__TRUSTED_PROXIES": "127.0.0.0/8"}
    with (
        new_site(private_servers, tmp_path, settings=settings) as site,
        running_service(site, without=("relay", "consumer", "mail", "sealer")) as service,
    ):
        yield service


async def _limits_are_local(session: aiohttp.ClientSession, service: Service) -> float:
    url = service.site.metrics_url("PANDORA_CORE__METRICS_PORT")
    async with session.get(url) as response:
        text = await response.text()
    (line,) = [each for each in text.splitlines() if each.startswith("pandora_limits_local ")]
    return float(line.split()[1])


@pytest.mark.long
async def test_while_redis_is_frozen_logins_go_on_and_are_throttled_all_the_same(
    own_service: Service,
) -> None:
    valkey = own_service.site.servers.stack.valkey
    async with open_rest(own_service) as rest:
        ada = await new_person(rest)
        valkey.pause()
        try:
            who = stranger()
            assert await guess(rest, ada.email, who, 6) == [
                *["INVALID_CREDENTIALS"] * 5,
                "LOGIN_THROTTLED",
            ]
            assert person_of(await log_in(rest, ada.email)).id == ada.id
            assert await _limits_are_local(rest.session, own_service) == 1
        finally:
            valkey.resume()

        async def shared_again() -> bool:
            await log_in(rest, ada.email)
            return bool(await _limits_are_local(rest.session, own_service) == 0)

        await until(shared_again)
        assert (await guess(rest, new_email(), stranger(), 6))[-1] == "LOGIN_THROTTLED"
