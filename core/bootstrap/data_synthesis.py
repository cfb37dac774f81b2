"""`python -m core data synthesize`: made-up people and all that they did, by COPY.

The owner's login makes partitions and takes numbers for audit rows; the rows themselves are added
with the service's own login, which can add and not change. A chunk of people is one transaction
with everything of theirs: whatever interrupts the run, what is there is whole, and the same
command again makes the rest.
"""

import json
import sys
import time
from array import array
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.bootstrap.audit_access import refusals_in_one_line
from core.bootstrap.data_owner import owner_login, service_login
from core.bootstrap.data_progress import Progress
from core.bootstrap.data_sealing import seal_everything
from core.bootstrap.data_workers import each, worker_pool
from core.bootstrap.foundation import Foundation, postgres_options, vault_source
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import Startup
from core.config.settings import Environment, Settings
from core.crypto.argon2_hasher import Argon2Parameters
from core.crypto.personal_texts import SealedPersonalTexts
from core.crypto.shared_hash import shared_hash
from core.data.synthesis.chunks import Chunks
from core.data.synthesis.curve import microseconds
from core.data.synthesis.ordering import in_time_order
from core.data.synthesis.people import CHUNK_USERS, World
from core.data.tables import ROWS_OF, copy_text
from core.domain.personal_key import KeylessTexts
from core.postgres.blocking import BlockingConnection
from core.postgres.connection import PostgresLogin, PostgresOptions
from core.postgres.database_origin import SYNTHETIC, OriginDesk
from core.vault.blocking import run_blocking
from core.vault.secrets import DEV_SEED, PERSONAL_DATA_KEY

_HOURS = 12 * 3600.0
_PIECE_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the operator asks for. Days before `until` is when the first one signed up."""

    users: int
    seed: int
    until: datetime
    days: int
    people_alone: bool
    workers: int
    beside_others: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One chunk; `sequences` are the numbers of its audit rows, or None for people alone."""

    number: int
    sequences: "array[int] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """What a process needs to make and store chunks."""

    world: World
    options: PostgresOptions
    login: PostgresLogin
    keys: tuple[bytes, ...] = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a run did."""

    users: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


async def synthesize(foundation: Foundation, *, wanted: Wanted) -> None:
    """Make people; print the figures as JSON.

    Raises:
        OperationRefused: not in this environment, or not into this database.
        StartFailed: Vault or PostgreSQL is out of reach.
    """
    settings = foundation.settings
    refuse_where_people_are_real(settings)
    async with refusals_in_one_line(), Startup() as startup:
        owner = await owner_login(startup, foundation)
        loading = await _loading(foundation, wanted, await service_login(startup, foundation))
        began = time.monotonic()
        figures = await run_blocking(
            lambda: _fill(loading, wanted, owner, foundation), timeout_seconds=_HOURS
        )
        sealed = 0
        if not wanted.people_alone:
            rows = figures.rows.get("audit_events", 0)
            sealed = await seal_everything(foundation, loading.options, loading.login, rows=rows)
    total = sum(figures.rows.values())
    answer = {
        "users": figures.users,
        "until": wanted.until.isoformat(),
        "rows": figures.rows,
        "load_seconds": round(figures.seconds, 1),
        "users_per_second": round(figures.users / max(figures.seconds, 1e-9)),
        "rows_per_second": round(total / max(figures.seconds, 1e-9)),
        "sealed_rows": sealed,
        "seconds": round(time.monotonic() - began, 1),
    }
    sys.stdout.write(json.dumps(answer) + "\n")


def refuse_where_people_are_real(settings: Settings) -> None:
    """Return in environments that hold nobody real.

    Raises:
        OperationRefused: this is another one.
    """
    if settings.environment in {Environment.PROD, Environment.AUDIT}:
        raise OperationRefused(f"nobody is made up in APP_ENV={settings.environment.value}")


async def _loading(foundation: Foundation, wanted: Wanted, login: PostgresLogin) -> Loading:
    """Read what Vault has for it, and hash the one password that all of them have."""
    settings = foundation.settings
    source = vault_source(foundation.logins.for_service())
    try:
        keys = await source.read(PERSONAL_DATA_KEY)
        password = (await source.read(DEV_SEED)).user_password
    finally:
        await source.close()
    cost = Argon2Parameters(
        memory_kib=settings.passwords.memory_kib,
        time_cost=settings.passwords.time_cost,
        parallelism=settings.passwords.parallelism,
    )
    world = World(
        users=wanted.users,
        seed=wanted.seed,
        since=wanted.until - timedelta(days=wanted.days),
        until=wanted.until,
        password_hash=shared_hash(password, cost, seed=wanted.seed),
    )
    return Loading(
        world=world,
        options=postgres_options(settings.postgres, process="synthesize"),
        login=login,
        keys=keys,
    )


def _fill(
    loading: Loading, wanted: Wanted, owner: PostgresLogin, foundation: Foundation
) -> Figures:
    world, workers = loading.world, wanted.workers
    connection = BlockingConnection.open(loading.options, owner)
    try:
        desk = OriginDesk(connection)
        _require_room(desk, world, beside_others=wanted.beside_others)
        with worker_pool(workers, begin_loading, loading) as pool:
            if wanted.people_alone:
                numbers: list[array[int] | None] = [None] * world.chunks
                _note_beginning(desk, world, 0, foundation)
            else:
                times = list(pool.map(plan_chunk, range(world.chunks)))
                base = _base(desk, world, sum(map(len, times)), foundation)
                numbers = list(in_time_order(times, above=base))
            done = _present(desk, world)
            tasks = [
                Task(number=number, sequences=sequences)
                for number, sequences in enumerate(numbers)
                if number not in done
            ]
            figures = Figures()
            progress = Progress("people", world.users)
            progress.skip(min(len(done) * CHUNK_USERS, world.users))
            for counts in each(pool, workers, load_chunk, tasks):
                for table, count in counts.items():
                    figures.rows[table] = figures.rows.get(table, 0) + count
                figures.users += counts["users"]
                progress.advance(counts["users"])
            figures.seconds = progress.end()
        desk.trim_stream(f"{microseconds(world.until) // 1000 + 2000}-0", world.until)
        desk.complete(foundation.clock.now())
    finally:
        connection.close()
    return figures


def _require_room(desk: OriginDesk, world: World, *, beside_others: bool) -> None:
    """Return if these people may be added to what is there.

    Raises:
        OperationRefused: others are there, or these already.
    """
    origin = desk.origin()
    is_ours = origin is not None and origin.kind == SYNTHETIC and origin.mark == world.mark
    if origin is not None and is_ours:
        if origin.completed_at is not None:
            raise OperationRefused("these people are there already")
        return
    if origin is not None and origin.kind != SYNTHETIC:
        raise OperationRefused("the database is an anonymised clone")
    if origin is not None and origin.completed_at is None:
        raise OperationRefused(
            f"another run was interrupted; finish it first, with its words: {origin.source}"
        )
    if not desk.is_empty() and not beside_others:
        raise OperationRefused("the database holds people; --beside-others adds to them")


def _base(desk: OriginDesk, world: World, rows: int, foundation: Foundation) -> int:
    """Make room for the audit rows; return the number before the first of them."""
    origin = desk.origin()
    if origin is not None and origin.mark == world.mark and origin.completed_at is None:
        return origin.base_sequence
    desk.make_months(world.since, world.until)
    base = desk.reserve_sequences(rows)
    _note_beginning(desk, world, base, foundation)
    return base


def _note_beginning(desk: OriginDesk, world: World, base: int, foundation: Foundation) -> None:
    at = foundation.clock.now()
    desk.begin(SYNTHETIC, world.source, world.mark, at=at, base_sequence=base)


def _present(desk: OriginDesk, world: World) -> set[int]:
    """Return the chunks that are there from a run that was interrupted."""
    chunks = Chunks(world)
    first_ids = [chunks.first_id(number) for number in range(world.chunks)]
    present = desk.present(first_ids)
    return {number for number, first_id in enumerate(first_ids) if first_id in present}


class _Loader:
    """What a process keeps between chunks."""

    def __init__(self, loading: Loading) -> None:
        self.chunks = Chunks(loading.world)
        self.texts = SealedPersonalTexts(loading.keys)
        self.connection = BlockingConnection.open(loading.options, loading.login)


_loader: _Loader | None = None
"""This process's own, once it has begun."""


def begin_loading(loading: Loading) -> None:
    """Begin a process that makes and stores chunks."""
    global _loader  # noqa: PLW0603 - a pool's process has no other place for what it keeps
    _loader = _Loader(loading)


def plan_chunk(number: int) -> "array[int]":
    """Return when the audit rows of a chunk happened."""
    return _own().chunks.times(number)


def load_chunk(task: Task) -> dict[str, int]:
    """Make a chunk and store it in one transaction; return how many rows each table got."""
    loader = _own()
    if task.sequences is None:
        tables = loader.chunks.people_alone(task.number, KeylessTexts())
    else:
        tables = loader.chunks.rows(task.number, task.sequences, loader.texts)
    with loader.connection.transaction():
        for table, columns in ROWS_OF.items():
            rows = tables.get(table, [])
            pieces = (
                copy_text(rows[place : place + _PIECE_ROWS])
                for place in range(0, len(rows), _PIECE_ROWS)
            )
            if rows:
                loader.connection.copy_in(table, columns, pieces)
    return {table: len(rows) for table, rows in tables.items()}


def _own() -> _Loader:
    if _loader is None:
        raise RuntimeError("the process has not begun")
    return _loader
