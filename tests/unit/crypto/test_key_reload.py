"""A key that nobody knows is looked for seldom, whatever tokens are presented."""

import asyncio
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from core.crypto import key_reload
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.key_reload import KeyReload
from core.crypto.key_ring import KeyRing
from core.domain.errors import TokenInvalid
from tests.fakes.clock import FakeClock
from tests.unit.crypto.forger import FORGER
from tests.unit.crypto.forgeries import FORGERIES
from tests.unit.crypto.keys import Key

INTERVAL_SECONDS = 10.0
LIMIT_SECONDS = 5.0
"""No test waits longer for anything."""
OLD = Key(kid="key-0")


@dataclass(kw_only=True)
class Keeper:
    """Where the keys lie. `reads` counts how often it was asked; `gate` holds the answer back."""

    keys: list[Key] = field(default_factory=lambda: [OLD, FORGER.key])
    reads: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    fault: Exception | None = None


class Replica:
    """A verifier that knows the old key alone."""

    def __init__(self) -> None:
        self.keeper = Keeper()
        self.keeper.gate.set()
        self.now = 1000.0
        clock = FakeClock()
        self.ring = KeyRing([OLD], clock=clock)
        self.reload = KeyReload(
            self._read, interval_seconds=INTERVAL_SECONDS, monotonic=lambda: self.now
        )
        self.tokens = Es256AccessTokens(
            keys=self.ring,
            issuer=FORGER.issuer,
            audience=FORGER.audience,
            clock=clock,
            look_for_keys=self.reload.settle,
        )

    async def _read(self) -> None:
        self.keeper.reads += 1
        self.keeper.asked.set()
        await self.keeper.gate.wait()
        if self.keeper.fault is not None:
            raise self.keeper.fault
        self.ring.replace(self.keeper.keys)
        self.keeper.answered.set()

    async def asked(self) -> None:
        """Return once the keeper has been asked."""
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.keeper.asked.wait()


async def test_a_key_that_is_there_by_now_is_learnt() -> None:
    replica = Replica()
    with pytest.raises(TokenInvalid):
        replica.tokens.read(FORGER.genuine())
    assert await replica.tokens.learn_key(FORGER.genuine())
    assert replica.tokens.read(FORGER.genuine()).subject == FORGER.user


async def test_a_kid_that_nobody_has_is_looked_for_once_in_the_interval() -> None:
    replica = Replica()
    for number in range(200):
        assert not await replica.tokens.learn_key(FORGER.ours(kid=f"made-up-{number}"))
    assert replica.keeper.reads == 1
    replica.now += INTERVAL_SECONDS - 0.1
    assert not await replica.tokens.learn_key(FORGER.ours(kid="made-up"))
    assert replica.keeper.reads == 1
    replica.now += 0.1
    assert not await replica.tokens.learn_key(FORGER.ours(kid="made-up"))
    assert replica.keeper.reads == 2


async def test_all_who_come_while_it_is_under_way_wait_for_the_same_one() -> None:
    replica = Replica()
    replica.keeper.gate.clear()
    callers = [asyncio.create_task(replica.tokens.learn_key(FORGER.genuine())) for _ in range(50)]
    await replica.asked()
    assert not any(caller.done() for caller in callers)
    replica.keeper.gate.set()
    assert await asyncio.gather(*callers) == [True] * 50
    assert replica.keeper.reads == 1


async def test_nobody_waits_for_long_and_the_reload_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_reload, "WAIT_SECONDS", 0.01)
    replica = Replica()
    replica.keeper.gate.clear()
    assert not await replica.tokens.learn_key(FORGER.genuine())
    replica.now += INTERVAL_SECONDS
    async with asyncio.timeout(LIMIT_SECONDS):
        assert not await replica.tokens.learn_key(FORGER.genuine())
    assert replica.keeper.reads == 1
    replica.keeper.gate.set()
    async with asyncio.timeout(LIMIT_SECONDS):
        await replica.keeper.answered.wait()
    assert replica.tokens.read(FORGER.genuine()).subject == FORGER.user


async def test_a_caller_who_goes_away_does_not_end_it_for_the_others() -> None:
    replica = Replica()
    replica.keeper.gate.clear()
    first = asyncio.create_task(replica.tokens.learn_key(FORGER.genuine()))
    second = asyncio.create_task(replica.tokens.learn_key(FORGER.genuine()))
    await replica.asked()
    first.cancel()
    replica.keeper.gate.set()
    assert await second


async def test_a_token_of_a_known_key_and_what_is_no_token_set_nothing_off() -> None:
    replica = Replica()
    replica.ring.replace([FORGER.key])
    for name, forge in FORGERIES.items():
        if "kid" not in name:
            assert not await replica.tokens.learn_key(forge(FORGER)), name
    assert replica.keeper.reads == 0


async def test_a_defect_of_the_keeper_is_logged_and_answers_nobody() -> None:
    replica = Replica()
    replica.keeper.fault = RuntimeError("hunter2")
    with capture_logs() as lines:
        assert not await replica.tokens.learn_key(FORGER.genuine())
    assert [line["event"] for line in lines] == ["unknown_signing_key", "key_reload_failed"]


async def test_the_end_of_the_process_ends_it() -> None:
    replica = Replica()
    replica.keeper.gate.clear()
    caller = asyncio.create_task(replica.tokens.learn_key(FORGER.genuine()))
    await replica.asked()
    await replica.reload.close()
    assert not await caller
