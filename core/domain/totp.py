"""Time-based one-time passwords: RFC 6238 with SHA-1, six digits and steps of 30 seconds.

Those are the parameters that every authenticator app knows; several ignore any others.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
"""Length of a secret: 160 bits, the output of HMAC-SHA-1 (RFC 4226 section 4, R6)."""

DRIFT_STEPS = 1
"""How many steps the authenticator's clock may be off, to either side (RFC 6238 section 5.2)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(seconds=STEP_SECONDS)


def time_step(moment: datetime) -> int:
    """Return the number of whole steps between the Unix epoch and an aware time.

    Raises:
        ValueError: the time is naive.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    return (moment - _EPOCH) // _STEP


def code_at(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """Return the code of a step: HOTP (RFC 4226 section 5.3) with the step as its counter."""
    # RFC 6238 builds on HMAC-SHA-1, which the collisions of SHA-1 do not touch.
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def matching_step(
    secret: bytes, code: str, *, now: datetime, last_used_step: int | None
) -> int | None:
    """Return the step that a code belongs to, or None where it is wrong at this moment.

    A code serves once: neither its own step nor one before it is accepted again (RFC 6238 section
    5.2). Every candidate is compared, each in constant time, so that the time taken tells nothing.
    """
    present = time_step(now)
    found: int | None = None
    for step in range(max(0, present - DRIFT_STEPS), present + DRIFT_STEPS + 1):
        is_equal = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        is_unused = last_used_step is None or step > last_used_step
        if is_equal and is_unused and found is None:
            found = step
    return found


def base32(secret: bytes) -> str:
    """Return a secret as people type it in: base32 (RFC 4648 section 6) without padding."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def otpauth_uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return what a QR code holds for an authenticator app, in its makers' Key URI format.

    Issuer and account are percent-encoded (RFC 3986), a colon in them included: a bare one parts
    the two.
    """
    name, label = quote(issuer, safe=""), quote(account, safe="")
    return (
        f"otpauth://totp/{name}:{label}?secret={base32(secret)}&issuer={name}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )
