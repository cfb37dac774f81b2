"""A call is made again only where that does no harm, and never for long."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc.aio import AioRpcError, Metadata

from gateway import call_metadata
from gateway.channel import Reply
from gateway.retrying import Retries, Retrying

KEY: Final = (("idempotency-key", "k"),)
REPLY: Final = Reply(Empty(), ())


def failure(code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> AioRpcError:
    return AioRpcError(code, Metadata(), Metadata(), "Socket closed")


def refusal(reason: str = "SERVER_BUSY") -> AioRpcError:
    packed = Packed()
    packed.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="user.pandora.exchange"))
    status = status_pb2.Status(code=14, details=[packed]).SerializeToString()
    trailing = Metadata(("grpc-status-details-bin", status))
    return AioRpcError(grpc.StatusCode.UNAVAILABLE, Metadata(), trailing, "busy")


@dataclass
class Scene:
    """A call with chosen outcomes, in a time that passes only while something waits."""

    outcomes: Sequence[AioRpcError | Reply]
    seconds_of_a_try: float = 0.0
    now: float = 0.0
    timeouts: list[float] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    retried: int = 0

    async def call(
        self, request: Message, *, metadata: call_metadata.Metadata, timeout_seconds: float
    ) -> Reply:
        del request, metadata
        self.now += self.seconds_of_a_try
        outcome = self.outcomes[len(self.timeouts)]
        self.timeouts.append(timeout_seconds)
        if isinstance(outcome, AioRpcError):
            raise outcome
        return outcome

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def count(self) -> None:
        self.retried += 1

    def retries(self, limit: int = 2) -> Retries:
        return Retries(
            limit=limit,
            on_retry=self.count,
            chance=lambda: 0.5,
            monotonic=lambda: self.now,
            sleep=self.sleep,
        )

    async def run(
        self,
        *,
        is_repeatable: bool = True,
        metadata: call_metadata.Metadata = (),
        limit: int = 2,
    ) -> Reply:
        call = Retrying(self.call, self.retries(limit), is_repeatable=is_repeatable)
        return await call(Empty(), metadata=metadata, timeout_seconds=10)


@pytest.mark.parametrize(
    ("is_repeatable", "metadata"), [(True, ()), (False, KEY), (True, KEY)], ids=str
)
async def test_a_call_that_may_be_repeated_is_within_its_deadline(
    is_repeatable: bool,  # noqa: FBT001 - a case
    metadata: call_metadata.Metadata,
) -> None:
    scene = Scene([failure(), failure(), REPLY], seconds_of_a_try=1)
    assert await scene.run(is_repeatable=is_repeatable, metadata=metadata) is REPLY
    assert scene.slept == [0.05, 0.1]
    assert scene.timeouts == pytest.approx([10, 10 - 1 - 0.05, 10 - 2 - 0.15])
    assert scene.retried == 2


async def test_a_call_without_key_that_is_not_idempotent_is_made_once() -> None:
    scene = Scene([failure(), REPLY])
    with pytest.raises(AioRpcError):
        await scene.run(is_repeatable=False, metadata=(("authorization", "Bearer a"),))
    assert len(scene.timeouts) == 1


@pytest.mark.parametrize(
    "error",
    [
        refusal("SERVER_BUSY"),
        refusal("DEPENDENCY_UNAVAILABLE"),
        *(
            failure(code)
            for code in grpc.StatusCode
            if code.name not in {"OK", "UNAVAILABLE", "CANCELLED"}
        ),
    ],
    ids=lambda error: error.code().name,
)
async def test_a_refusal_and_any_other_failure_is_final(error: AioRpcError) -> None:
    scene = Scene([error, REPLY])
    with pytest.raises(AioRpcError) as caught:
        await scene.run()
    assert caught.value is error
    assert len(scene.timeouts) == 1


async def test_the_last_failure_is_told_when_the_tries_are_used_up() -> None:
    errors = [failure() for _ in range(4)]
    for limit in (0, 1, 2):
        scene = Scene(errors)
        with pytest.raises(AioRpcError) as caught:
            await scene.run(limit=limit)
        assert caught.value is errors[limit]
        assert (len(scene.timeouts), scene.retried) == (limit + 1, limit)


async def test_nothing_is_tried_again_when_the_deadline_would_pass_while_waiting() -> None:
    scene = Scene([failure(), REPLY], seconds_of_a_try=9.96)
    with pytest.raises(AioRpcError):
        await scene.run()
    assert scene.slept == []


async def test_when_many_fail_none_is_repeated_until_many_succeed() -> None:
    scene = Scene([failure() for _ in range(20)])
    retries = scene.retries(limit=1)
    call = Retrying(scene.call, retries, is_repeatable=True)
    for _ in range(6):
        with pytest.raises(AioRpcError):
            await call(Empty(), metadata=(), timeout_seconds=10)
    # Two tries each for the first two, until half of the ten tokens are gone; then one each.
    assert (len(scene.timeouts), scene.retried) == (8, 2)
    for _ in range(100):
        retries.note_success()
    with pytest.raises(AioRpcError):
        await call(Empty(), metadata=(), timeout_seconds=10)
    assert scene.retried == 3


def test_the_wait_is_chance_below_a_bound_that_doubles_to_a_second() -> None:
    longest = Retries(limit=5, chance=lambda: 1.0)
    delays = [longest.delay_seconds(failures) for failures in range(1, 7)]
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0])
    assert Retries(limit=5, chance=lambda: 0.0).delay_seconds(6) == 0


CANCELLED: Final = failure(grpc.StatusCode.CANCELLED)


@pytest.mark.parametrize("is_repeatable", [True, False])
async def test_what_a_core_that_ends_has_not_begun_is_made_again_whatever_it_is(
    is_repeatable: bool,  # noqa: FBT001 - a case
) -> None:
    scene = Scene([CANCELLED, CANCELLED, REPLY], seconds_of_a_try=0.5)
    assert await scene.run(is_repeatable=is_repeatable) is REPLY
    assert scene.retried == 2


async def test_many_that_were_not_begun_cost_nothing_of_the_budget() -> None:
    retries = Retries(limit=2, chance=lambda: 0.0)
    before = retries.tokens
    scene = Scene([CANCELLED, REPLY])
    await Retrying(scene.call, retries, is_repeatable=False)(
        Empty(), metadata=(), timeout_seconds=10
    )
    assert retries.tokens >= before


async def test_what_was_cancelled_late_may_have_been_begun() -> None:
    scene = Scene([CANCELLED, REPLY], seconds_of_a_try=2.0)
    with pytest.raises(AioRpcError):
        await scene.run(is_repeatable=True)
    assert scene.retried == 0


async def test_what_has_begun_to_answer_was_begun() -> None:
    begun = AioRpcError(
        grpc.StatusCode.CANCELLED, Metadata(("x-request-id", "1")), Metadata(), "cancelled"
    )
    scene = Scene([begun, REPLY])
    with pytest.raises(AioRpcError):
        await scene.run(is_repeatable=True)


async def test_a_core_that_cancels_everything_is_not_asked_for_ever() -> None:
    scene = Scene([CANCELLED] * 9)
    with pytest.raises(AioRpcError):
        await scene.run(is_repeatable=False)
    assert len(scene.timeouts) == 5
