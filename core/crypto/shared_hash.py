"""One password hash for many made-up people: hashing once instead of once for each."""

import hashlib
from typing import Final

from argon2.low_level import Type, hash_secret

from core.crypto.argon2_hasher import Argon2Parameters
from core.domain.password import normalise

_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32


def shared_hash(password: str, parameters: Argon2Parameters, *, seed: int) -> str:
    """Return the Argon2id hash of a password whose salt follows from a seed.

    A salt that can be guessed and is shared protects nobody: for people who do not exist.
    """
    salt = hashlib.sha256(f"made-up people {seed}".encode()).digest()[:_SALT_BYTES]
    return hash_secret(
        normalise(password).encode(),
        salt,
        time_cost=parameters.time_cost,
        memory_cost=parameters.memory_kib,
        parallelism=parameters.parallelism,
        hash_len=_HASH_BYTES,
        type=Type.ID,
    ).decode()
