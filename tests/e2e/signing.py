"""Tokens that are signed as the service signs them, with the keys that Vault holds for it."""

import time
from datetime import UTC, datetime

from core.config.loading import load
from core.config.settings import TokenSettings
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.key_ring import KeyRing
from core.observability.clock import SystemClock
from core.vault.secrets import SIGNING_KEYS
from core.vault.signing_keys import SigningKey
from tests.e2e.site import Site
from tests.unit.crypto.forger import Forger
from tests.unit.crypto.keys import Key


def signing_keys(site: Site) -> tuple[SigningKey, ...]:
    """Return the keys as they lie in Vault."""
    content = site.vault.read(SIGNING_KEYS.path)
    assert content is not None
    return SIGNING_KEYS.parsed(content)


def token_settings(site: Site) -> TokenSettings:
    """Return for whom the service issues tokens."""
    return load(site.environment("core")).tokens


def codec(site: Site) -> Es256AccessTokens:
    """Return what signs as the service does."""
    clock, settings = SystemClock(), token_settings(site)
    keys = KeyRing(signing_keys(site), clock=clock)
    return Es256AccessTokens(
        keys=keys, issuer=settings.issuer, audience=settings.audience, clock=clock
    )


def forger(site: Site, *, user: str, session: str, token_id: str) -> Forger:
    """Return somebody who has got hold of the service's key, and knows a person's session."""
    clock, settings = SystemClock(), token_settings(site)
    signer = KeyRing(signing_keys(site), clock=clock).signer()
    return Forger(
        key=Key(kid=signer.kid, private_key=signer.private_key),
        expired_key=Key(kid="gone", expires_at=datetime.now(UTC)),
        issuer=settings.issuer,
        audience=settings.audience,
        user=user,
        session=session,
        token_id=token_id,
        now=int(time.time()),
    )
