"""The KV mount, and who may read or write what in it: each AppRole as little as it needs."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest

from core.vault.production import DEVELOPMENT, MADE_FOR
from devstack.database_engine import ENGINE
from devstack.errors import NotReadyError
from devstack.private_file import write_private

MOUNT: Final = "secret"
PREFIX: Final = "pandora/user-service"
TRANSIT: Final = "transit"
TOTP_KEY: Final = "user-service-totp"
SEAL_KEY: Final = "user-service-audit-seal"
NETWORKS = ["127.0.0.1/32"]
"""From where a login may be used; compose.yaml has a network of its own."""
_MOUNT_DEADLINE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
# Short enough that the service's way of getting a new token is in use every day.
_LOGIN_LIFE: Final = "20m"
_LOGIN_LONGEST_LIFE: Final = "1h"
# What every holder may do with its own token; more than these the built-in policy would allow.
_OWN_LOGIN: Final = """
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapFiles:
    """The two halves of an AppRole's login, each alone in a file that only its owner reads."""

    role_id: Path
    secret_id: Path

    @classmethod
    def within(cls, folder: Path) -> "BootstrapFiles":
        """Return the files' usual names in a folder."""
        return cls(role_id=folder / "role_id", secret_id=folder / "secret_id")


class VaultAccess:
    """Sets up OpenBao as its administrator; repeating any step changes nothing."""

    def __init__(self, client: hvac.Client, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix

    def mount(self) -> None:
        """Mount the KV version 2 engine, the transit engine and the AppRole login."""
        mounted = self._client.sys.list_mounted_secrets_engines()["data"]
        if f"{MOUNT}/" not in mounted:
            self._client.sys.enable_secrets_engine("kv", MOUNT, options={"version": "2"})
        if f"{TRANSIT}/" not in mounted:
            self._client.sys.enable_secrets_engine("transit", TRANSIT)
        if "approle/" not in self._client.sys.list_auth_methods()["data"]:
            self._client.sys.enable_auth_method("approle")
        self._await_mount()

    def ensure_key(self, name: str) -> None:
        """Make a key of the transit engine that encrypts, unless there is one; none leaves it."""
        self._ensure_key(name, "aes256-gcm96")

    def ensure_signing_key(self, name: str) -> None:
        """Make a key of the transit engine that signs, as `ensure_key` does."""
        self._ensure_key(name, "ed25519")

    def _ensure_key(self, name: str, key_type: str) -> None:
        try:
            self._client.secrets.transit.read_key(name, mount_point=TRANSIT)
        except InvalidPath:
            self._client.secrets.transit.create_key(
                name, key_type=key_type, exportable=False, mount_point=TRANSIT
            )

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the secret's values; None if there is no such secret."""
        try:
            answer = self._client.secrets.kv.v2.read_secret_version(
                self._path(name), mount_point=MOUNT, raise_on_deleted_version=True
            )
        except InvalidPath:
            return None
        values: dict[str, Any] = answer["data"]["data"]
        return values

    def create(self, name: str, values: dict[str, Any]) -> None:
        """Write a secret that does not exist; OpenBao refuses (`cas=0`) to overwrite one.

        It is marked as a developer's, which no other environment takes.
        """
        self._client.secrets.kv.v2.create_or_update_secret(
            self._path(name), values, cas=0, mount_point=MOUNT
        )
        self._client.secrets.kv.v2.update_metadata(
            self._path(name), custom_metadata={MADE_FOR: DEVELOPMENT}, mount_point=MOUNT
        )

    def admit(
        self,
        role: str,
        *,
        readable: Iterable[str],
        files: BootstrapFiles,
        writable: Iterable[str] = (),
        keys: Iterable[str] = (),
        signing: Iterable[str] = (),
        verifying: Iterable[str] = (),
        logins: Iterable[str] = (),
    ) -> None:
        """Let an AppRole read these secrets, replace those, use these keys and do nothing else.

        With `keys` it encrypts and decrypts, with `signing` it signs; of these and of `verifying`
        it may see the public half (reading one tells no more, as none is exportable). Its login is
        kept in `files`. `update` does not make a key that is missing. With `logins` it has these
        roles of the database engine make logins, and lengthens their leases.
        """
        name = self.own_name(role)
        rules = [
            f'path "{MOUNT}/data/{self._path(secret)}" {{ capabilities = ["read"] }}'
            for secret in readable
        ]
        rules += [
            f'path "{MOUNT}/data/{self._path(secret)}" {{ capabilities = ["read", "update"] }}'
            for secret in writable
        ]
        rules += [
            f'path "{TRANSIT}/{work}/{key}" {{ capabilities = ["update"] }}'
            for key in keys
            for work in ("encrypt", "decrypt")
        ]
        rules += [f'path "{TRANSIT}/sign/{key}" {{ capabilities = ["update"] }}' for key in signing]
        rules += [
            f'path "{TRANSIT}/keys/{key}" {{ capabilities = ["read"] }}'
            for key in {*signing, *verifying}
        ]
        rules += [
            f'path "{ENGINE}/creds/{self.own_name(login)}" {{ capabilities = ["read"] }}\n'
            'path "sys/leases/renew" { capabilities = ["update"] }'
            for login in logins
        ]
        self._client.sys.create_or_update_policy(name, "\n".join(rules) + _OWN_LOGIN)
        approle = self._client.auth.approle
        approle.create_or_update_approle(
            name,
            token_policies=[name],
            token_no_default_policy=True,
            token_ttl=_LOGIN_LIFE,
            token_max_ttl=_LOGIN_LONGEST_LIFE,
            token_bound_cidrs=NETWORKS,
            secret_id_bound_cidrs=NETWORKS,
        )
        role_id: str = approle.read_role_id(name)["data"]["role_id"]
        if not files.role_id.exists() or files.role_id.read_text() != role_id:
            write_private(files.role_id, role_id)
        if not self._accepts(name, files.secret_id):
            write_private(files.secret_id, approle.generate_secret_id(name)["data"]["secret_id"])

    def own_name(self, name: str) -> str:
        """Return what a role is called that serves this prefix alone."""
        return name if self._prefix == PREFIX else f"{name}-{self._tag()}"

    def _await_mount(self) -> None:
        """Return once the engine answers: a new one is unavailable while it sets itself up."""
        deadline = time.monotonic() + _MOUNT_DEADLINE_SECONDS
        while True:
            try:
                self.read("anything")
            except InvalidRequest as refusal:
                if time.monotonic() > deadline:
                    raise NotReadyError(
                        name=f"OpenBao's engine {MOUNT}",
                        reason="is not ready",
                        log_end=str(refusal),
                    ) from None
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _accepts(self, name: str, file: Path) -> bool:
        if not file.exists():
            return False
        answer = self._client.auth.approle.read_secret_id(name, file.read_text())
        # OpenBao answers 204 without a body for a secret id that it does not know.
        return isinstance(answer, dict)

    def _path(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _tag(self) -> str:
        return hashlib.sha256(self._prefix.encode()).hexdigest()[:12]
