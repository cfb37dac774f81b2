"""What a clone is made with: where both databases are, and the clone's key."""

from dataclasses import dataclass, field

from core.vault.fields import binary_key, binary_keys, text
from core.vault.secrets import Content, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePlace:
    """A database, and who logs in to it.

    `personal_data_keys` open the personal texts of its audit log; without one they are left out.
    """

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    sslmode: str | None
    ca_file: str | None
    personal_data_keys: tuple[bytes, ...] = field(repr=False)


def database_place(path: str) -> Secret[DatabasePlace]:
    """Return the secret at a path: host, port, database, username, password.

    It may hold `sslmode` and `ca_file` (by libpq's meaning), and `key` and `other_keys` as the
    secret `personal-data-key` of that database's service has them.
    """
    return Secret(path=path, parse=_place)


PSEUDONYM_KEY = Secret(path="pseudonym-key", parse=binary_key)
"""The key of the clone's pseudonyms; production has no copy of it."""


def _place(content: Content) -> DatabasePlace:
    port = str(content.get("port", ""))
    if not (port.isdecimal() and 0 < int(port) < 1 << 16):
        raise ValueError("port must be a number from 1 to 65535")
    return DatabasePlace(
        host=text(content, "host"),
        port=int(port),
        database=text(content, "database"),
        username=text(content, "username"),
        password=text(content, "password"),
        sslmode=text(content, "sslmode") if "sslmode" in content else None,
        ca_file=text(content, "ca_file") if "ca_file" in content else None,
        personal_data_keys=binary_keys(content) if "key" in content else (),
    )
