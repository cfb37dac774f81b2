"""Which client does the sealing, and what becomes of one that does not come back."""

import asyncio
import threading
from collections.abc import Callable
from typing import cast

import pytest

from core.domain.errors import DependencyUnavailable
from core.vault.client import VaultClient
from core.vault.errors import VaultSealed
from core.vault.transit import TransitSecretBox

SHORT_SECONDS = 0.1
LIMIT_SECONDS = 10.0


class ScriptedClient:
    """Plays a VaultClient that does as a test says, and notes how many use it at once."""

    def __init__(self, script: Callable[[], None]) -> None:
        self._script = script
        self._using = 0
        self.most_at_once = 0
        self.calls = 0
        self.closed = False

    def encrypt(self, plaintext: str, *, associated_data: str) -> str:
        self.calls += 1
        self._using += 1
        self.most_at_once = max(self.most_at_once, self._using)
        try:
            self._script()
        finally:
            self._using -= 1
        return f"vault:v1:{plaintext}{associated_data}"

    def close(self) -> None:
        self.closed = True


class Workshop:
    """Makes clients one after the other, each with the next script; the last one's is kept."""

    def __init__(self, *scripts: Callable[[], None]) -> None:
        self._scripts = list(scripts)
        self.made: list[ScriptedClient] = []

    def __call__(self) -> VaultClient:
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        self.made.append(ScriptedClient(script))
        return cast(VaultClient, self.made[-1])


def at_once() -> None:
    """Answer."""


def sealed() -> None:
    raise VaultSealed("Vault is sealed")


async def test_one_client_serves_one_call_after_the_other() -> None:
    workshop = Workshop(at_once)
    box = TransitSecretBox(workshop, timeout_seconds=LIMIT_SECONDS)
    for _ in range(5):
        await box.seal(b"secret", context="ada")
    (client,) = workshop.made
    assert client.calls == 5
    await box.close()
    assert client.closed


async def test_a_client_is_kept_after_an_error_of_vault() -> None:
    workshop = Workshop(sealed)
    box = TransitSecretBox(workshop, timeout_seconds=LIMIT_SECONDS)
    for _ in range(3):
        with pytest.raises(DependencyUnavailable):
            await box.seal(b"secret", context="ada")
    assert len(workshop.made) == 1


@pytest.mark.parametrize("cancelled", ["in time", "by the caller"])
async def test_a_client_whose_thread_has_not_come_back_is_left_to_it(cancelled: str) -> None:
    entered, released = threading.Event(), threading.Event()

    def hang() -> None:
        entered.set()
        released.wait(LIMIT_SECONDS)

    by_time = cancelled == "in time"
    workshop = Workshop(hang, at_once)
    box = TransitSecretBox(workshop, timeout_seconds=SHORT_SECONDS if by_time else LIMIT_SECONDS)
    hanging = asyncio.create_task(box.seal(b"secret", context="ada"))
    await asyncio.to_thread(entered.wait, LIMIT_SECONDS)
    if not by_time:
        hanging.cancel()
    (outcome,) = await asyncio.gather(hanging, return_exceptions=True)
    try:
        await box.seal(b"secret", context="ada")
        await box.close()
    finally:
        released.set()

    assert isinstance(outcome, DependencyUnavailable if by_time else asyncio.CancelledError)
    stuck, second = workshop.made
    assert (stuck.calls, second.calls) == (1, 1)
    assert (stuck.closed, second.closed) == (False, True)


async def test_no_client_is_used_by_two_calls_at_once_and_there_are_few() -> None:
    all_there = threading.Barrier(4)
    workshop = Workshop(lambda: _meet(all_there))
    box = TransitSecretBox(workshop, timeout_seconds=LIMIT_SECONDS)
    await asyncio.gather(*(box.seal(b"secret", context="ada") for _ in range(20)))
    assert len(workshop.made) == 4
    assert {client.most_at_once for client in workshop.made} == {1}


def _meet(barrier: threading.Barrier) -> None:
    barrier.wait(LIMIT_SECONDS)


async def test_who_waits_for_a_client_waits_within_the_limit() -> None:
    released = threading.Event()
    workshop = Workshop(lambda: _wait(released))
    box = TransitSecretBox(workshop, timeout_seconds=SHORT_SECONDS)
    try:
        results = await asyncio.gather(
            *(box.seal(b"secret", context="ada") for _ in range(12)), return_exceptions=True
        )
    finally:
        released.set()
    assert {type(result) for result in results} == {DependencyUnavailable}


def _wait(event: threading.Event) -> None:
    event.wait(LIMIT_SECONDS)
