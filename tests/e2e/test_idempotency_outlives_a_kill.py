"""The core is killed after changes were committed and before they were answered."""

import asyncio
import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.e2e.ledger import rows
from tests.e2e.lossy_way import LossyWay, lossy_way
from tests.e2e.people import PASSWORD, administrator, log_in, new_email, new_person
from tests.e2e.rest import Answer, Rest, open_rest
from tests.e2e.service import Service, running_service
from tests.e2e.site import Site, new_site
from tests.postgres_client import until
from tests.servers import Servers

DEADLINE_SECONDS = 30.0
# The gateway is ready as soon as one channel is; each of the others finds the new core by itself.
_ONE_CHANNEL = {"PANDORA_GATEWAY__CORE_CHANNELS": "1"}
# The next commit has to be the change's: a sealer or a consumer commits when it likes.
_NOT_BESIDE = {"relay", "mail", "sealer", "consumer"}
AUDITED = "SELECT action FROM audit_events WHERE trace_id = ANY(%s)"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A request with a key of its own."""

    method: str
    path: str
    document: object
    token: str | None = None
    key: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def send(self, rest: Rest) -> Answer:
        headers = {"idempotency-key": f'"{self.key}"'}
        return await rest.call(
            self.method, self.path, self.document, token=self.token, headers=headers
        )


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Iterator[Site]:
    with new_site(servers, tmp_path) as site:
        yield site


@pytest.mark.long
async def test_repeats_after_a_kill_between_commit_and_answer_get_what_was_committed(
    place: Site,
) -> None:
    async with lossy_way(place.servers.stack.postgres.port) as way:
        lossy = replace(place, beside={"PANDORA_POSTGRES__PORT": str(way.port), **_ONE_CHANNEL})
        # `running_service` waits for its processes, while the way needs this loop.
        runner = running_service(lossy, without=_NOT_BESIDE)
        service = await asyncio.to_thread(runner.__enter__)
        try:
            async with open_rest(service) as rest:
                await _lose_answers_and_repeat(service, rest, way)
        finally:
            # The one that was started by the test; `running_service` ends the others.
            if service.core.runs:
                await asyncio.to_thread(service.core.stop)
            await asyncio.to_thread(runner.__exit__, None, None, None)


async def _lose_answers_and_repeat(service: Service, rest: Rest, way: LossyWay) -> None:
    admin = await administrator(rest, service)
    ada, bob = await new_person(rest), await new_person(rest)
    email, staff = new_email(), admin.access_token
    changes = [
        Change(
            method="POST",
            path="/v1/auth/register",
            document={"email": email, "password": PASSWORD},
        ),
        Change(
            method="PUT",
            path=f"/v1/users/{ada.id}/kyc",
            document={"status": "rejected", "reason": "unreadable"},
            token=staff,
        ),
        Change(
            method="POST",
            path=f"/v1/users/{bob.id}:suspend",
            document={"reason": "asked to"},
            token=staff,
        ),
    ]
    lost = [await _lose_the_answer(change, service, rest, way) for change in changes]
    service.core.kill()
    code = await asyncio.to_thread(service.core.exit_code, seconds=DEADLINE_SECONDS)
    assert code == -signal.SIGKILL
    unanswered = await asyncio.gather(*lost)
    assert {answer.status for answer in unanswered} == {503}

    # What was committed has moved on when the answers are asked for again.
    service.processes["core"] = service.site.start("core", "serve")
    await asyncio.to_thread(service.await_ready)
    verified = {"status": "pending"}
    await rest.call("PUT", f"/v1/users/{ada.id}/kyc", verified, token=staff)
    await rest.post(f"/v1/users/{bob.id}:reactivate", {"reason": "cleared"}, token=staff)

    before = _effects(service)
    answers = [await change.send(rest) for change in changes]
    again = [await change.send(rest) for change in changes]
    assert _effects(service) == before
    registered, reviewed, suspended = answers
    assert [answer.status for answer in answers] == [201, 200, 200]
    assert {answer.headers["idempotency-replayed"] for answer in (*answers, *again)} == {"true"}
    assert [answer.body for answer in again] == [answer.body for answer in answers]
    assert registered.json["user"]["email"] == email
    assert (await log_in(rest, email)).json["user"]["id"] == registered.json["user"]["id"]
    assert reviewed.json["kyc"]["status"] == "rejected"
    assert suspended.json["user"]["status"] == "suspended"
    audited = rows(service, AUDITED, [answer.trace_id for answer in answers])
    assert audited == []


async def _lose_the_answer(
    change: Change, service: Service, rest: Rest, way: LossyWay
) -> "asyncio.Task[Answer]":
    """Send a change, and return once it is committed and its answer is lost."""
    kept = "SELECT count(*) FROM idempotency_keys"
    ((number,),) = rows(service, kept)
    way.lost.clear()
    way.lose_the_answer_to_a_commit()
    call = asyncio.ensure_future(change.send(rest))

    async def committed() -> bool:
        return rows(service, kept) == [(number + 1,)]

    await until(committed)
    assert way.lost.is_set()
    assert not call.done()
    return call


def _effects(service: Service) -> object:
    return rows(
        service,
        "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM kyc_reviews),"
        " (SELECT count(*) FROM outbox), (SELECT count(*) FROM mail_outbox),"
        " (SELECT count(*) FROM audit_events)",
    )
