"""The use cases over the real adapters."""

from dataclasses import dataclass

from core.bootstrap.foundation import Foundation
from core.bootstrap.startup import Startup
from core.config.settings import Settings
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.argon2_hasher import Argon2idHasher, Argon2Parameters
from core.crypto.background_pool import BackgroundPool
from core.crypto.key_ring import KeyRing
from core.crypto.page_tokens import SealedPageTokens
from core.crypto.refresh_tokens import RandomRefreshTokens
from core.domain.password import PasswordPolicy
from core.domain.ports.unit_of_work import Database
from core.domain.session import SessionLifetimes
from core.observability.standard_gauges import watch_hashing
from core.service.use_cases import Ports, UseCases, assemble
from core.vault.refresher import SecretRefresher
from core.vault.secrets import SIGNING_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Crypto:
    """Hashing and tokens, with the keys that Vault gave."""

    hasher: Argon2idHasher
    access_tokens: Es256AccessTokens
    page_tokens: SealedPageTokens


async def prepare_crypto(
    startup: Startup, foundation: Foundation, secrets: SecretRefresher
) -> Crypto:
    """Start the hashing threads, and follow the signing keys as Vault changes them.

    Raises:
        KeySetRefused: no key may sign at this moment.
    """
    settings = foundation.settings
    pool = BackgroundPool(
        threads=settings.passwords.hashing_threads, queue_limit=settings.passwords.queue_limit
    )
    startup.on_end(pool.close)
    watch_hashing(foundation.live, pool)
    hasher = Argon2idHasher(
        Argon2Parameters(
            memory_kib=settings.passwords.memory_kib,
            time_cost=settings.passwords.time_cost,
            parallelism=settings.passwords.parallelism,
        ),
        pool,
    )
    await hasher.start()
    keys = KeyRing(secrets.current.signing_keys, clock=foundation.clock)
    secrets.follow(SIGNING_KEYS, keys.replace)
    return Crypto(
        hasher=hasher,
        access_tokens=_access_tokens(settings, keys, foundation),
        page_tokens=SealedPageTokens(secrets.current.page_token_key),
    )


def assemble_use_cases(foundation: Foundation, database: Database, crypto: Crypto) -> UseCases:
    """Put the use cases together; nothing is connected or started by it."""
    settings = foundation.settings
    return assemble(
        Ports(
            database=database,
            clock=foundation.clock,
            ids=foundation.ids,
            hasher=crypto.hasher,
            access_tokens=crypto.access_tokens,
            refresh_tokens=RandomRefreshTokens(),
            page_tokens=crypto.page_tokens,
        ),
        policy=PasswordPolicy(min_length=settings.passwords.min_length),
        lifetimes=SessionLifetimes(
            access_token_seconds=settings.tokens.access_token_seconds,
            refresh_idle_seconds=settings.tokens.refresh_idle_seconds,
            refresh_absolute_seconds=settings.tokens.refresh_absolute_seconds,
        ),
    )


def _access_tokens(settings: Settings, keys: KeyRing, foundation: Foundation) -> Es256AccessTokens:
    return Es256AccessTokens(
        keys=keys,
        issuer=settings.tokens.issuer,
        audience=settings.tokens.audience,
        clock=foundation.clock,
        clock_skew_seconds=settings.tokens.clock_skew_seconds,
    )
