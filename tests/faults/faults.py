"""What goes wrong: each fault does its harm, lasts for a while, and is put right again."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Final

import psycopg
import redis

from devstack.errors import NotReadyError
from tests.faults import jumping_clock
from tests.faults.deployment import Deployment
from tests.faults.plan import Plan

_START_ATTEMPTS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Breaking:
    """What a fault has to work with."""

    deployment: Deployment
    plan: Plan
    random: Random

    async def hold(self, short: float, long: float) -> None:
        """Let an outage last."""
        await asyncio.sleep(self.plan.seconds(short, long))


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One kind of harm; two that share a `target` never happen at once.

    `weight` says how often it happens while one of weight 1 happens once.
    """

    target: str
    happen: Callable[[Breaking], Awaitable[None]]
    weight: int = 1


def _kill(role: str, *, weight: int = 1) -> Fault:
    async def happen(breaking: Breaking) -> None:
        breaking.random.choice(breaking.deployment.of_role(role)).kill()
        await breaking.hold(0.2, 1.0)

    return Fault(target=role, happen=happen, weight=weight)


async def _restart_postgres(breaking: Breaking) -> None:
    postgres = breaking.deployment.stack.postgres
    await asyncio.to_thread(postgres.stop)
    await asyncio.to_thread(_start_postgres, breaking.deployment)


async def _crash_postgres(breaking: Breaking) -> None:
    postgres = breaking.deployment.stack.postgres
    await asyncio.to_thread(postgres.kill)
    await asyncio.to_thread(_start_postgres, breaking.deployment)


async def _pause_postgres(breaking: Breaking) -> None:
    postgres = breaking.deployment.stack.postgres
    await asyncio.to_thread(postgres.pause)
    await breaking.hold(2.0, 10.0)
    postgres.resume()


async def _fill_disk(breaking: Breaking) -> None:
    """Let PostgreSQL run out of room for tables and write-ahead log alike.

    Where nobody may mount, the audit log refuses rows as it does on a full disk.
    """
    disk = breaking.deployment.disk
    if disk is None:
        await asyncio.to_thread(_refuse_audit_rows, breaking.deployment, refuses=True)
        await breaking.hold(1.0, 3.0)
        await asyncio.to_thread(_refuse_audit_rows, breaking.deployment, refuses=False)
        return
    await asyncio.to_thread(disk.fill)
    await breaking.hold(1.0, 3.0)
    await asyncio.to_thread(disk.make_room)
    # Without room for the log the server gives up; its operator starts it again.
    await asyncio.to_thread(_start_postgres, breaking.deployment)


def _start_postgres(deployment: Deployment) -> None:
    """Start it, once more if it was about to give up when it was looked at."""
    for attempt in range(1, _START_ATTEMPTS + 1):
        deployment.stack.postgres.start()
        try:
            deployment.stack.postgres.await_ready()
        except NotReadyError:
            if attempt == _START_ATTEMPTS:
                raise
        else:
            return


def _refuse_audit_rows(deployment: Deployment, *, refuses: bool) -> None:
    with psycopg.connect(deployment.site.database.admin_dsn) as connection:
        connection.execute(
            "CREATE OR REPLACE FUNCTION faults.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE 'no space left on device' USING ERRCODE = 'disk_full'; END $$"
        )
        connection.execute("DROP TRIGGER IF EXISTS full_disk ON audit_events")
        if refuses:
            connection.execute(
                "CREATE TRIGGER full_disk BEFORE INSERT ON audit_events "
                "FOR EACH ROW EXECUTE FUNCTION faults.full_disk()"
            )


async def _stop_valkey(breaking: Breaking) -> None:
    stack = breaking.deployment.stack
    await asyncio.to_thread(stack.valkey.stop)
    await breaking.hold(0.5, 3.0)
    await asyncio.to_thread(_start_valkey, breaking.deployment)


async def _pause_valkey(breaking: Breaking) -> None:
    valkey = breaking.deployment.stack.valkey
    await asyncio.to_thread(valkey.pause)
    await breaking.hold(1.0, 5.0)
    valkey.resume()


async def _empty_valkey(breaking: Breaking) -> None:
    """Start it without its data, as a machine without its disk."""
    valkey = breaking.deployment.stack.valkey
    await asyncio.to_thread(valkey.kill)
    shutil.rmtree(valkey.home / "appendonlydir", ignore_errors=True)
    await asyncio.to_thread(_start_valkey, breaking.deployment)


async def _flush_valkey(breaking: Breaking) -> None:
    """Take its data while it runs: nobody sees a connection break."""
    url = breaking.deployment.stack.valkey.url()
    with closing(redis.Redis.from_url(url)) as client:
        await asyncio.to_thread(client.flushall)


def _start_valkey(deployment: Deployment) -> None:
    deployment.stack.valkey.start()
    deployment.stack.valkey.await_ready()


async def _seal_vault(breaking: Breaking) -> None:
    openbao = breaking.deployment.stack.openbao
    await asyncio.to_thread(openbao.client().sys.seal)
    await breaking.hold(1.0, 5.0)
    await asyncio.to_thread(openbao.await_ready)


async def _jump_clock(breaking: Breaking) -> None:
    """Put the clock of one process forward by an hour, and back."""
    replica = breaking.random.choice(breaking.deployment.with_jumping_clocks)
    # Before it is ready it may not listen to the signal yet, which would end it.
    while not replica.is_ready:
        await breaking.hold(0.1, 0.1)
    replica.send(jumping_clock.FORWARD)
    await breaking.hold(1.0, 4.0)
    # One that was killed meanwhile has a right clock again.
    if replica.is_ready:
        replica.send(jumping_clock.BACK)


FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "core killed": _kill("core", weight=3),
        "relay killed": _kill("relay", weight=2),
        "sealer killed": _kill("sealer"),
        "consumer killed": _kill("consumer"),
        "PostgreSQL crashed": Fault(target="postgres", happen=_crash_postgres),
        "PostgreSQL paused": Fault(target="postgres", happen=_pause_postgres),
        "PostgreSQL out of disk": Fault(target="postgres", happen=_fill_disk),
        "Valkey emptied by a restart": Fault(target="valkey", happen=_empty_valkey),
        "OpenBao sealed": Fault(target="openbao", happen=_seal_vault),
        "clock of a process put forward": Fault(target="clock", happen=_jump_clock),
        "PostgreSQL restarted": Fault(target="postgres", happen=_restart_postgres),
        "Valkey stopped": Fault(target="valkey", happen=_stop_valkey),
        "Valkey paused": Fault(target="valkey", happen=_pause_valkey),
        "Valkey flushed": Fault(target="valkey", happen=_flush_valkey),
    }
)
