"""Repeats of a call with its idempotency key, through the door."""

import asyncio
from dataclasses import replace

import grpc
import pytest
from google.protobuf.message import Message

from core.crypto.keyed_digests import HmacDigests
from core.domain.errors import (
    Conflict,
    DomainError,
    InvalidCredentials,
    LastAdmin,
    ServerBusy,
    UserNotFound,
    ValidationFailed,
    Violation,
)
from core.domain.idempotency import KeyedAnswer
from core.middleware.call import Context
from core.middleware.origin import TrustedPeers
from pandora.user.v1 import auth_service_pb2 as auth
from pandora.user.v1 import kyc_pb2, user_pb2
from pandora.user.v1 import kyc_service_pb2 as kyc
from pandora.user.v1 import user_service_pb2 as users
from tests.fakes.rates import unlimited_rates
from tests.unit.middleware.door import CALLER_ID, OTHER_ID, SESSION_ID, open_door
from tests.unit.middleware.keyed_calls import (
    REGISTER,
    SUSPEND,
    Counted,
    refusal,
    registration,
    reply,
    suspension,
)

pytestmark = pytest.mark.asyncio

LOOPBACK = TrustedPeers.parse(["127.0.0.0/8"])
KYC = "KycService/UpdateKyc"


async def test_a_repeat_is_answered_with_the_same_bytes_and_says_that_it_is_one() -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted()).suspend
        first = await reply(door, SUSPEND, suspension())
        again = await reply(door, SUSPEND, suspension())
        assert again.content == first.content
        assert (first.is_replayed, again.is_replayed) == (False, True)
        assert counted.times == 1


async def test_another_request_with_the_same_key_is_refused_and_does_nothing() -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted()).suspend
        await reply(door, SUSPEND, suspension())
        for other in (suspension(reason="other"), suspension(SESSION_ID)):
            refused = await refusal(door, SUSPEND, other)
            assert (refused.code, refused.reason) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                "IDEMPOTENCY_KEY_REUSED",
            )
        assert counted.times == 1


async def test_a_key_is_its_callers_own_and_its_methods() -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted()).suspend
        await reply(door, SUSPEND, suspension())
        # The fake knows one person, whatever their role; a service is somebody else.
        assert (await reply(door, SUSPEND, suspension(), token="compliance")).is_replayed
        other = users.ReactivateUserRequest(user_id=str(OTHER_ID), reason="asked to")
        assert not (await reply(door, "UserService/ReactivateUser", other)).is_replayed
        assert counted.times == 1
        review = kyc.UpdateKycRequest(user_id=str(OTHER_ID), status=kyc_pb2.KYC_STATUS_VERIFIED)
        assert not (await reply(door, KYC, review, token="admin")).is_replayed
        assert not (await reply(door, KYC, review, token="service")).is_replayed
        assert (await reply(door, KYC, review, token="service")).is_replayed


async def test_what_nobody_in_particular_brings_is_the_key_of_an_address() -> None:
    async with open_door(trusted_peers=LOOPBACK) as door:
        door.behave[REGISTER] = (counted := Counted()).register

        async def register(address: str) -> bool:
            from_there = (("x-client-address", address),)
            answer = await reply(door, REGISTER, registration(), token=None, metadata=from_there)
            return answer.is_replayed

        assert [await register(address) for address in ("192.0.2.1", "192.0.2.2")] == [False] * 2
        assert [await register(address) for address in ("192.0.2.1", "192.0.2.2")] == [True] * 2
        assert counted.times == 2


async def test_a_token_that_a_method_judges_by_itself_is_a_part_of_the_request() -> None:
    async with open_door() as door:
        first = await reply(door, "AuthService/Logout", auth.LogoutRequest(), token="one")
        assert not first.is_replayed
        assert (
            await reply(door, "AuthService/Logout", auth.LogoutRequest(), token="one")
        ).is_replayed
        refused = await refusal(door, "AuthService/Logout", auth.LogoutRequest(), token="other")
        assert refused.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_neither_key_nor_request_can_be_read_from_what_is_kept() -> None:
    async with open_door() as door:
        door.behave[REGISTER] = Counted().register
        await reply(door, REGISTER, registration("correct horse battery"), key="a-key", token=None)
        (kept,) = door.database.tables.keyed_answers.values()
        assert "a-key" not in repr(kept)
        assert "correct horse" not in repr(kept)
        assert b"correct horse" not in kept.outcome.content


async def test_what_stands_for_a_request_is_worth_nothing_without_the_key_in_vault() -> None:
    kept: list[KeyedAnswer] = []
    for key in (b"a" * 32, b"b" * 32):
        parts = replace(unlimited_rates(), digests=HmacDigests(key))
        async with open_door(rates=parts) as door:
            await reply(door, REGISTER, registration(), token=None)
            kept += door.database.tables.keyed_answers.values()
    one, other = kept
    assert one.request_digest != other.request_digest
    # The call is found again all the same.
    assert one.digest == other.digest


async def test_after_a_change_of_that_key_a_repeat_is_refused_rather_than_made_again() -> None:
    digests = HmacDigests(b"a" * 32)
    async with open_door(rates=replace(unlimited_rates(), digests=digests)) as door:
        door.behave[SUSPEND] = (counted := Counted()).suspend
        await reply(door, SUSPEND, suspension())
        digests.replace(b"b" * 32)
        refused = await refusal(door, SUSPEND, suspension())
        assert refused.reason == "IDEMPOTENCY_KEY_REUSED"
        assert counted.times == 1


async def test_what_is_kept_names_the_caller_and_whom_it_is_about() -> None:
    async with open_door() as door:
        door.behave[REGISTER] = Counted().register
        await reply(door, SUSPEND, suspension(), key="about-another")
        await reply(door, REGISTER, registration(), token=None, key="about-the-new-one")
        await reply(
            door,
            "UserService/UpdateUser",
            users.UpdateUserRequest(user_id="me", full_name="Ada"),
            token="user",
            key="about-oneself",
        )
        kept = door.database.tables.keyed_answers.values()
        assert [(each.caller_id, each.outcome.subject_id) for each in kept] == [
            (CALLER_ID, OTHER_ID),
            (None, OTHER_ID),
            (CALLER_ID, CALLER_ID),
        ]


@pytest.mark.parametrize(
    "error", [UserNotFound(), LastAdmin(), InvalidCredentials()], ids=lambda error: error.reason
)
async def test_a_refusal_is_given_again_in_the_same_words(error: DomainError) -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted(errors=[error])).suspend
        first = await refusal(door, SUSPEND, suspension())
        again = await refusal(door, SUSPEND, suspension(), metadata=[("x-request-id", "second")])
        assert (again.code, again.message, again.info) == (first.code, first.message, first.info)
        assert again.metadata["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.metadata
        assert again.request is not None
        assert again.request.request_id == "second"
        assert [each["reason"] for each in door.log.entries] == [error.reason] * 2
        assert [reason for _, _, reason, _ in door.metrics.observed] == [error.reason] * 2
        assert counted.times == 1


@pytest.mark.parametrize(
    "error",
    [
        Conflict(),
        ServerBusy(),
        ValidationFailed(Violation("email", "rule", "is none")),
        RuntimeError("a defect"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_may_succeed_later_is_tried_again(error: Exception) -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted(errors=[error])).suspend
        await refusal(door, SUSPEND, suspension())
        assert not (await reply(door, SUSPEND, suspension())).is_replayed
        assert (await reply(door, SUSPEND, suspension())).is_replayed
        assert counted.times == 2


async def test_only_who_may_make_a_call_is_answered_again() -> None:
    async with open_door() as door:
        await reply(door, SUSPEND, suspension())
        refused = await refusal(door, SUSPEND, suspension(), token="user")
        assert refused.reason == "PERMISSION_DENIED"
        assert (await refusal(door, SUSPEND, suspension(), token=None)).reason == "TOKEN_MISSING"


async def test_an_answer_is_kept_for_a_day() -> None:
    async with open_door() as door:
        door.behave[SUSPEND] = (counted := Counted()).suspend
        first = await reply(door, SUSPEND, suspension())
        door.clock.advance(24 * 3600 - 1)
        assert (await reply(door, SUSPEND, suspension())).content == first.content
        door.clock.advance(1)
        assert (await reply(door, SUSPEND, suspension())).content != first.content
        assert counted.times == 2


async def test_repeats_at_once_wait_for_the_first_and_are_answered_alike() -> None:
    async with open_door() as door:
        counted, go_on = Counted(), asyncio.Event()

        async def slowly(request: users.SuspendUserRequest, context: Context) -> Message:
            await go_on.wait()
            return await counted.suspend(request, context)

        door.behave[SUSPEND] = slowly
        calls = [asyncio.create_task(reply(door, SUSPEND, suspension())) for _ in range(50)]
        await asyncio.wait(calls, timeout=0.2)
        go_on.set()
        answers = await asyncio.gather(*calls)
        assert len({each.content for each in answers}) == 1
        assert sorted(each.is_replayed for each in answers) == [False] + [True] * 49
        assert counted.times == 1


async def test_who_cannot_wait_any_longer_is_told_to_come_back() -> None:
    async with open_door() as door:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(request: users.SuspendUserRequest, _: Context) -> Message:
            begun.set()
            await go_on.wait()
            return users.SuspendUserResponse(user=user_pb2.User(id=request.user_id))

        door.behave[SUSPEND] = slowly
        first = asyncio.create_task(reply(door, SUSPEND, suspension()))
        await begun.wait()
        refused = await refusal(door, SUSPEND, suspension(), seconds=0.5)
        assert (refused.code, refused.reason) == (grpc.StatusCode.ABORTED, "CONFLICT")
        assert refused.retry is not None
        go_on.set()
        await first
        assert (await reply(door, SUSPEND, suspension())).is_replayed
