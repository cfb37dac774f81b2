"""Rotating the keys that sign access tokens, on the command line."""

import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from core.bootstrap.dependencies import open_database
from core.bootstrap.foundation import Foundation, read_secrets, vault_source
from core.bootstrap.operations import operator, uncounted
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import Startup, in_one_line
from core.config.settings import Settings
from core.crypto.signing_key_mint import P256KeyMint
from core.domain.errors import Conflict, DependencyUnavailable
from core.domain.signing_key import KeyRotationPolicy, KeyStatus, statuses
from core.service.key_rotation import KeyRotation
from core.service.recording import Recorder
from core.transport.published_keys import JWKS_MAX_AGE_SECONDS
from core.vault.signing_key_store import VaultSigningKeyStore
from core.vault.source import REQUESTS_PER_CALL

_NONE = "-"


def rotation_policy(settings: Settings) -> KeyRotationPolicy:
    """Return how long the parts of a rotation take.

    A verifier that fetched the JWKS just before the last replica published the new key keeps it
    for its whole max-age. The last replica publishes after its interval, and then reads slowly.
    """
    vault, tokens = settings.vault, settings.tokens
    loading = vault.refresh_interval_seconds + REQUESTS_PER_CALL * vault.timeout_seconds
    return KeyRotationPolicy(
        announcement_seconds=JWKS_MAX_AGE_SECONDS + loading + tokens.clock_skew_seconds,
        longest_token_seconds=max(tokens.access_token_seconds, tokens.service_token_max_seconds),
        clock_skew_seconds=tokens.clock_skew_seconds,
    )


async def list_keys(foundation: Foundation) -> None:
    """Print what each key does now.

    Raises:
        OperationRefused: the keys cannot be read.
    """
    async with Startup() as startup:
        store = _store(startup, foundation)
        try:
            found = await store.load()
        except DependencyUnavailable as failure:
            raise OperationRefused(in_one_line(failure)) from failure
        _show(statuses(found.keys, foundation.clock.now()))


async def rotate_keys(foundation: Foundation, *, force: bool, immediately: bool) -> None:
    """Announce the next key, or replace all keys at once, and print what each key does then.

    Raises:
        OperationRefused: a rotation is under way, or the keys or the audit log are out of reach.
    """
    async with _rotation(foundation) as rotation:
        caller = operator(foundation)
        if immediately:
            _show(await rotation.replace_at_once(caller=caller))
        else:
            _show(await rotation.announce(force=force, caller=caller))


@asynccontextmanager
async def _rotation(foundation: Foundation) -> AsyncIterator[KeyRotation]:
    async with Startup() as startup:
        store = _store(startup, foundation)
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        database = await startup.step(
            "connect PostgreSQL",
            open_database(startup, foundation, secrets, on_commit=uncounted, process="operator"),
        )
        try:
            yield KeyRotation(
                database=database,
                store=store,
                mint=P256KeyMint(),
                policy=rotation_policy(foundation.settings),
                recorder=Recorder(clock=foundation.clock, ids=foundation.ids),
                clock=foundation.clock,
            )
        except Conflict as refusal:
            raise OperationRefused(f"{refusal.reason}: {refusal}") from refusal
        except DependencyUnavailable as failure:
            hint = "`keys list` tells whether the keys were changed"
            raise OperationRefused(f"{in_one_line(failure)}; {hint}") from failure


def _store(startup: Startup, foundation: Foundation) -> VaultSigningKeyStore:
    source = vault_source(foundation.logins.for_operator())
    startup.on_end(source.close)
    return VaultSigningKeyStore(source)


def _show(keys: Iterable[KeyStatus]) -> None:
    rows = [("kid", "state", "published_at", "signs_from", "expires_at")]
    rows += [
        (
            key.kid,
            key.state.value,
            _written(key.published_at),
            _written(key.signs_from),
            _NONE if key.expires_at is None else _written(key.expires_at),
        )
        for key in keys
    ]
    sys.stdout.write("".join(f"{line}\n" for line in _aligned(rows)))


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
