"""Which kind of hash a text is, among those that other systems have made."""

from core.crypto.bcrypt_hash import read_bcrypt
from core.crypto.imported_hash import LONGEST_HASH, UNSUPPORTED, HashRefused, ImportedHash
from core.crypto.pbkdf2_hash import read_pbkdf2
from core.crypto.scrypt_hash import read_scrypt

_READERS = (read_bcrypt, read_pbkdf2, read_scrypt)


def read_imported(text: str) -> ImportedHash:
    """Read a hash of bcrypt, PBKDF2 or scrypt.

    Raises:
        HashRefused: it is none of them, or damaged, or too costly.
    """
    if len(text) <= LONGEST_HASH and text.isascii():
        for read in _READERS:
            found = read(text)
            if found is not None:
                return found
    raise HashRefused(UNSUPPORTED, "is no hash of bcrypt, PBKDF2, scrypt or Argon2id")
