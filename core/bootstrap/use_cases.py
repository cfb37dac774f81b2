"""The use cases over the real adapters."""

import time
from dataclasses import dataclass
from functools import partial

import structlog

from core.bootstrap.foundation import Foundation, transit_secret_box
from core.bootstrap.limits import throttle_policy
from core.bootstrap.log_verifier import ProcessLogVerifier
from core.bootstrap.startup import Startup
from core.config.settings import PasswordSettings
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.argon2_builds import build_in_use
from core.crypto.argon2_hasher import Argon2idHasher, Argon2Parameters
from core.crypto.background_pool import BackgroundPool, share_out
from core.crypto.breached_passwords import BreachedPasswords
from core.crypto.common_passwords import load_common_passwords
from core.crypto.key_reload import KeyReload
from core.crypto.key_ring import KeyRing
from core.crypto.keyed_digests import HmacDigests
from core.crypto.mfa_secrets import RandomMfaSecrets
from core.crypto.one_time_tokens import DerivedOneTimeTokens
from core.crypto.page_tokens import SealedPageTokens
from core.crypto.password_screen import ListedPasswords
from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.client_network import ExemptNetworks
from core.domain.idempotency import IdempotencyPolicy
from core.domain.known_device import DevicePolicy
from core.domain.mfa import MfaPolicy
from core.domain.one_time_token import OneTimeTokenLifetimes
from core.domain.password import PasswordPolicy
from core.domain.ports.countries import Countries
from core.domain.ports.limits import AttemptLimiter
from core.domain.ports.unit_of_work import Database
from core.domain.refresh_token import ReplayPolicy
from core.domain.session import SessionLifetimes
from core.observability.standard_gauges import (
    watch_hashing,
    watch_hashing_build,
    watch_signing_key,
)
from core.service.use_cases import Ports, Rules, UseCases, assemble
from core.vault.refresher import SecretRefresher
from core.vault.secrets import (
    ONE_TIME_TOKEN_KEY,
    PAGE_TOKEN_KEY,
    REFRESH_TOKEN_KEY,
    SIGNING_KEYS,
    THROTTLE_KEY,
)
from core.vault.transit import TransitSecretBox

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crypto:
    """Hashing and tokens, with the keys that Vault gave."""

    hasher: Argon2idHasher
    password_screen: ListedPasswords
    access_tokens: Es256AccessTokens
    refresh_tokens: ChainedRefreshTokens
    one_time_tokens: DerivedOneTimeTokens
    page_tokens: SealedPageTokens
    keyed_digests: HmacDigests
    secret_box: TransitSecretBox


async def prepare_crypto(
    startup: Startup, foundation: Foundation, secrets: SecretRefresher
) -> Crypto:
    """Start the hashing threads, and follow the keys of all tokens as Vault changes them.

    Raises:
        KeySetRefused: no key may sign at this moment.
        CommonPasswordsMissing: the list of common passwords is not what it should be.
        DigestFileRefused: the file of breached passwords is not what it should be.
    """
    settings = foundation.settings
    workers = 1 if foundation.worker is None else foundation.worker.count
    pool = BackgroundPool(
        threads=share_out(settings.passwords.hashing_threads, among=workers),
        queue_limit=settings.passwords.queue_limit,
    )
    startup.on_end(pool.close)
    watch_hashing(foundation.live, pool)
    _tell_build(foundation)
    hasher = Argon2idHasher(
        Argon2Parameters(
            memory_kib=settings.passwords.memory_kib,
            time_cost=settings.passwords.time_cost,
            parallelism=settings.passwords.parallelism,
        ),
        pool,
        refusal_floor_seconds=settings.passwords.refusal_floor_seconds,
    )
    await hasher.start()
    refresh_tokens = ChainedRefreshTokens(secrets.current.refresh_token_keys)
    secrets.follow(REFRESH_TOKEN_KEY, refresh_tokens.replace)
    return Crypto(
        hasher=hasher,
        password_screen=await _password_screen(settings.passwords, pool),
        access_tokens=_access_tokens(startup, foundation, secrets),
        refresh_tokens=refresh_tokens,
        one_time_tokens=one_time_tokens(secrets),
        page_tokens=_page_tokens(secrets),
        keyed_digests=_keyed_digests(secrets),
        secret_box=transit_secret_box(startup, foundation),
    )


def _tell_build(foundation: Foundation) -> None:
    build = build_in_use()
    _log.info("argon2_build_chosen", build=build.name, passed_over=dict(build.passed_over))
    watch_hashing_build(foundation.live, build.name)


async def _password_screen(settings: PasswordSettings, pool: BackgroundPool) -> ListedPasswords:
    file = settings.breached_digests_file
    breached = None if file is None else await pool.run(partial(BreachedPasswords, file))
    return ListedPasswords(load_common_passwords(), breached, pool)


def one_time_tokens(secrets: SecretRefresher) -> DerivedOneTimeTokens:
    """Return what derives one-time tokens, with the keys that Vault has at any time."""
    tokens = DerivedOneTimeTokens(secrets.current.one_time_token_keys)
    secrets.follow(ONE_TIME_TOKEN_KEY, tokens.replace)
    return tokens


def assemble_use_cases(
    foundation: Foundation,
    database: Database,
    crypto: Crypto,
    *,
    attempts: AttemptLimiter,
    countries: Countries,
) -> UseCases:
    """Put the use cases together; nothing is connected or started by it."""
    settings = foundation.settings
    return assemble(
        Ports(
            database=database,
            clock=foundation.clock,
            ids=foundation.ids,
            hasher=crypto.hasher,
            password_screen=crypto.password_screen,
            access_tokens=crypto.access_tokens,
            refresh_tokens=crypto.refresh_tokens,
            one_time_tokens=crypto.one_time_tokens,
            page_tokens=crypto.page_tokens,
            keyed_digests=crypto.keyed_digests,
            attempts=attempts,
            countries=countries,
            mfa_secrets=RandomMfaSecrets(),
            secret_box=crypto.secret_box,
            log_verifier=ProcessLogVerifier(lambda: foundation.logins.opened_secret_id),
        ),
        Rules(
            policy=PasswordPolicy(
                min_length=settings.passwords.min_length,
                service_names=settings.passwords.service_names,
            ),
            lifetimes=SessionLifetimes(
                access_token_seconds=settings.tokens.access_token_seconds,
                refresh_idle_seconds=settings.tokens.refresh_idle_seconds,
                refresh_absolute_seconds=settings.tokens.refresh_absolute_seconds,
                service_token_max_seconds=settings.tokens.service_token_max_seconds,
            ),
            replays=ReplayPolicy(
                window_seconds=settings.tokens.refresh_reuse_window_seconds,
                window_limit=settings.tokens.refresh_reuse_limit,
            ),
            one_time_tokens=OneTimeTokenLifetimes(
                password_reset_seconds=settings.tokens.password_reset_seconds,
                email_verification_seconds=settings.tokens.email_verification_seconds,
            ),
            idempotency=IdempotencyPolicy(
                retention_seconds=settings.idempotency.retention_seconds,
                wait_seconds=settings.idempotency.wait_seconds,
            ),
            neutral_registration=settings.accounts.neutral_registration,
            least_answer_seconds=settings.accounts.least_answer_seconds,
            most_exports=settings.audit.most_exports,
            mfa=MfaPolicy(
                issuer=settings.mfa.issuer,
                challenge_seconds=settings.mfa.challenge_seconds,
                max_failures=settings.mfa.challenge_max_failures,
            ),
            throttle=throttle_policy(settings.throttling),
            devices=DevicePolicy(memory_days=settings.throttling.known_device_days),
            exempt=ExemptNetworks.parse(settings.limits.exempt_networks),
        ),
    )


def _keyed_digests(secrets: SecretRefresher) -> HmacDigests:
    digests = HmacDigests(secrets.current.throttle_key)
    secrets.follow(THROTTLE_KEY, digests.replace)
    return digests


def _page_tokens(secrets: SecretRefresher) -> SealedPageTokens:
    tokens = SealedPageTokens(secrets.current.page_token_keys)
    secrets.follow(PAGE_TOKEN_KEY, tokens.replace)
    return tokens


def _access_tokens(
    startup: Startup, foundation: Foundation, secrets: SecretRefresher
) -> Es256AccessTokens:
    settings = foundation.settings
    keys = KeyRing(secrets.current.signing_keys, clock=foundation.clock)
    secrets.follow(SIGNING_KEYS, keys.replace)
    watch_signing_key(foundation.live, keys.signer_age_seconds)
    reload = KeyReload(
        lambda: secrets.reload(SIGNING_KEYS),
        interval_seconds=settings.vault.key_reload_interval_seconds,
        monotonic=time.monotonic,
    )
    startup.on_end(reload.close)
    return Es256AccessTokens(
        keys=keys,
        issuer=settings.tokens.issuer,
        audience=settings.tokens.audience,
        clock=foundation.clock,
        clock_skew_seconds=settings.tokens.clock_skew_seconds,
        look_for_keys=reload.settle,
    )
