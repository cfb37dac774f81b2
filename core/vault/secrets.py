"""Every secret that is read: its path, its form, and the type that it becomes.

Values stay out of `repr`, and out of every message about what is wrong with them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.vault.errors import SecretMalformed
from core.vault.fields import binary_key, binary_keys, text
from core.vault.signing_keys import SigningKey, signing_keys

T_co = TypeVar("T_co", covariant=True)

Content = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret(Generic[T_co]):
    """Where a secret lies under the service's prefix, and how it is read.

    `parse` raises ValueError, without quoting anything, if the content has another form.
    """

    path: str
    parse: Callable[[Content], T_co]

    def parsed(self, content: Content) -> T_co:
        """Return the typed secret.

        Raises:
            SecretMalformed: the content is not of the agreed form.
        """
        try:
            return self.parse(content)
        except ValueError as error:
            raise SecretMalformed(self.path, f"is malformed: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresCredentials:
    """A database role and its password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisCredentials:
    """An ACL user and its password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpCredentials:
    """Who may hand mail to the mail server."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DevSeed:
    """The people of a developer's machine."""

    admin_email: str = field(repr=False)
    admin_password: str = field(repr=False)
    user_password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSecrets:
    """All that the service needs while it runs. Symmetric keys have 32 bytes.

    There is no login to PostgreSQL where the database engine makes them.
    """

    kept_postgres: PostgresCredentials | None
    redis: RedisCredentials
    signing_keys: tuple[SigningKey, ...]
    refresh_token_keys: tuple[bytes, ...] = field(repr=False)
    page_token_keys: tuple[bytes, ...] = field(repr=False)
    one_time_token_keys: tuple[bytes, ...] = field(repr=False)
    throttle_key: bytes = field(repr=False)
    personal_data_keys: tuple[bytes, ...] = field(repr=False)

    @property
    def postgres(self) -> PostgresCredentials:
        """The login to PostgreSQL that Vault keeps."""
        if self.kept_postgres is None:
            raise RuntimeError("the login to PostgreSQL was not read")
        return self.kept_postgres


def _postgres(content: Content) -> PostgresCredentials:
    return PostgresCredentials(
        username=text(content, "username"), password=text(content, "password")
    )


def _redis(content: Content) -> RedisCredentials:
    return RedisCredentials(username=text(content, "username"), password=text(content, "password"))


def _smtp(content: Content) -> SmtpCredentials:
    return SmtpCredentials(username=text(content, "username"), password=text(content, "password"))


def _dev_seed(content: Content) -> DevSeed:
    return DevSeed(
        admin_email=text(content, "admin_email"),
        admin_password=text(content, "admin_password"),
        user_password=text(content, "user_password"),
    )


POSTGRES = Secret(path="postgres", parse=_postgres)
POSTGRES_OWNER = Secret(path="postgres-owner", parse=_postgres)
POSTGRES_MAINTAINER = Secret(path="postgres-maintainer", parse=_postgres)
REDIS = Secret(path="redis", parse=_redis)
SIGNING_KEYS = Secret(path="access-token-keys", parse=signing_keys)
REFRESH_TOKEN_KEY = Secret(path="refresh-token-key", parse=binary_keys)
PAGE_TOKEN_KEY = Secret(path="page-token-key", parse=binary_keys)
ONE_TIME_TOKEN_KEY = Secret(path="one-time-token-key", parse=binary_keys)
THROTTLE_KEY = Secret(path="throttle-key", parse=binary_key)
PERSONAL_DATA_KEY = Secret(path="personal-data-key", parse=binary_keys)
SMTP = Secret(path="smtp", parse=_smtp)
DEV_SEED = Secret(path="dev-seed", parse=_dev_seed)
