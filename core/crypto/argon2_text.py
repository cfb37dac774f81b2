"""Argon2id hashes (RFC 9106) as text: which ones are affordable, and which may come in."""

import re

import argon2

from core.crypto.imported_hash import (
    MALFORMED,
    TOO_COSTLY,
    UNSUPPORTED,
    HashRefused,
    checked_key,
    checked_salt,
    decoded,
)

# A stored hash that asks for more work than this is damage; following it would stall a thread.
_MAX_MEMORY_KIB = 1_048_576
_MAX_TIME_COST = 64
_MAX_PARALLELISM = 64

MOST_IMPORTED_MEMORY_KIB = 262_144
"""What a hash made elsewhere may ask for; each hashing thread may have to give it."""
MOST_IMPORTED_WORK_KIB = 1_048_576
"""Memory times passes; about 0.7 s on the machine that this was measured on."""
MOST_IMPORTED_PARALLELISM = 16

_DJANGO = "argon2$argon2"
_FORM = re.compile(
    r"\$argon2id\$v=(?:16|19)\$m=([0-9]{1,10}),t=([0-9]{1,10}),p=([0-9]{1,8})"
    r"\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)
_LEAST_SALT_BYTES = 8
_KIB_PER_LANE = 8


def is_affordable(hashed_password: str) -> bool:
    """Tell whether a stored text is an Argon2id hash that it is sane to compute."""
    try:
        parameters = argon2.extract_parameters(hashed_password)
    except argon2.exceptions.InvalidHashError:
        return False
    return (
        parameters.type is argon2.Type.ID
        and parameters.memory_cost <= _MAX_MEMORY_KIB
        and parameters.time_cost <= _MAX_TIME_COST
        and parameters.parallelism <= _MAX_PARALLELISM
    )


def read_argon2id(text: str) -> str | None:
    """Return the PHC string of a hash made elsewhere; None where it is no Argon2 hash.

    Raises:
        HashRefused: it is another Argon2 than Argon2id, damaged, or too costly.
    """
    phc = text.removeprefix("argon2") if text.startswith(_DJANGO) else text
    if not phc.startswith("$argon2"):
        return None
    if not phc.startswith("$argon2id$"):
        raise HashRefused(UNSUPPORTED, "is an Argon2 hash, but not of the kind Argon2id")
    form = _FORM.fullmatch(phc)
    if form is None or len(checked_salt(decoded(form[4]))) < _LEAST_SALT_BYTES:
        raise HashRefused(MALFORMED, "is no Argon2id hash in PHC string format")
    checked_key(decoded(form[5]))
    _check_cost(memory_kib=int(form[1]), passes=int(form[2]), lanes=int(form[3]))
    return phc


def _check_cost(*, memory_kib: int, passes: int, lanes: int) -> None:
    if passes < 1 or lanes < 1 or memory_kib < _KIB_PER_LANE * lanes:
        raise HashRefused(MALFORMED, "has Argon2 parameters that contradict RFC 9106")
    if (
        memory_kib > MOST_IMPORTED_MEMORY_KIB
        or memory_kib * passes > MOST_IMPORTED_WORK_KIB
        or lanes > MOST_IMPORTED_PARALLELISM
    ):
        raise HashRefused(TOO_COSTLY, "asks for more memory or work than one login may cost")
