"""One service's corner of a real OpenBao, to be filled, spoiled and read."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import hvac

from core.vault.client import VaultClient
from core.vault.logins import AppRoleLogin
from core.vault.options import VaultOptions
from core.vault.refresher import SecretRefresher, read_service_secrets
from core.vault.source import SecretSource
from core.vault.transit import TransitSecretBox
from core.vault.wrapped_secret_id import PlainSecretId
from devstack.openbao import OpenBaoServer
from devstack.provisioning import OPERATOR_ROLE
from devstack.secret_values import MAKERS, SIGNING_KEYS
from devstack.vault_access import MOUNT, TOTP_KEY, TRANSIT, BootstrapFiles, VaultAccess

DEADLINE_SECONDS = 30.0
INTERVAL_SECONDS = 0.05
ROLE = "user-service"


class VaultScene:
    """Secrets under a prefix of their own, and an AppRole that may read them."""

    def __init__(self, bao: OpenBaoServer, folder: Path) -> None:
        self.bao = bao
        self.prefix = f"test/{uuid.uuid4().hex}"
        self.files = BootstrapFiles.within(folder)
        self.operator_files = BootstrapFiles.within(folder / "operator")
        self.root = bao.client()
        access = VaultAccess(self.root, self.prefix)
        access.mount()
        access.ensure_key(TOTP_KEY)
        for name, make in MAKERS.items():
            access.create(name, make())
        self.admit(*(name for name in MAKERS if name != "postgres-owner"))

    def admit(self, *readable: str) -> None:
        """Let the AppRole read these secrets."""
        VaultAccess(self.root, self.prefix).admit(
            ROLE, readable=readable, keys=[TOTP_KEY], files=self.files
        )

    def admit_operator(self, *, writable: Iterable[str] = (SIGNING_KEYS,)) -> None:
        """Let another AppRole replace these secrets."""
        VaultAccess(self.root, self.prefix).admit(
            OPERATOR_ROLE, readable=[], writable=writable, files=self.operator_files
        )

    def write(self, name: str, values: dict[str, Any]) -> None:
        """Write a new version of a secret."""
        self.root.secrets.kv.v2.create_or_update_secret(
            f"{self.prefix}/{name}", values, mount_point=MOUNT
        )

    def content(self, name: str) -> dict[str, Any]:
        """Return a secret's present version."""
        found = VaultAccess(self.root, self.prefix).read(name)
        assert found is not None
        return found

    def delete(self, name: str) -> None:
        """Delete the latest version of a secret."""
        self.root.secrets.kv.v2.delete_latest_version_of_secret(
            f"{self.prefix}/{name}", mount_point=MOUNT
        )

    def overwrite_login(self, half: str, content: str) -> None:
        """Put something else into `role_id` or `secret_id`."""
        file: Path = getattr(self.files, half)
        file.write_text(content)

    def tune_role(self, **settings: object) -> None:
        """Change the AppRole, such as its tokens' life."""
        self.root.auth.approle.create_or_update_approle(self.role_name, **settings)

    @property
    def role_name(self) -> str:
        """The AppRole's name; there is one for each prefix."""
        names: list[str] = self.root.auth.approle.list_roles()["data"]["keys"]
        role_id = self.files.role_id.read_text()
        return next(name for name in names if self._role_id(name) == role_id)

    def options(
        self,
        *,
        address: str | None = None,
        timeout_seconds: float = 5.0,
        files: BootstrapFiles | None = None,
    ) -> VaultOptions:
        """Return how the service, or whoever owns other files, reaches its secrets."""
        files = files or self.files
        return VaultOptions(
            address=address or self.bao.address,
            mount=MOUNT,
            prefix=self.prefix,
            login=AppRoleLogin(
                mount="approle",
                role_id_file=files.role_id,
                secret_id=PlainSecretId(files.secret_id),
            ),
            timeout_seconds=timeout_seconds,
            transit_mount=TRANSIT,
            dev_secrets=True,
            transit_key=TOTP_KEY,
        )

    def source(self, *, address: str | None = None, timeout_seconds: float = 5.0) -> SecretSource:
        """Return a source that logs in at its first use."""
        options = self.options(address=address, timeout_seconds=timeout_seconds)
        return SecretSource(
            lambda: VaultClient(options), request_timeout_seconds=options.timeout_seconds
        )

    def secret_box(
        self, *, address: str | None = None, timeout_seconds: float = 5.0
    ) -> TransitSecretBox:
        """Return what seals with the transit key; it logs in at its first use."""
        options = self.options(address=address, timeout_seconds=timeout_seconds)
        return TransitSecretBox(lambda: VaultClient(options), timeout_seconds=timeout_seconds)

    def operator_source(self, *, timeout_seconds: float = 5.0) -> SecretSource:
        """Return a source of the operator's, which logs in at its first use."""
        options = self.options(timeout_seconds=timeout_seconds, files=self.operator_files)
        return SecretSource(
            lambda: VaultClient(options), request_timeout_seconds=options.timeout_seconds
        )

    async def refresher(self, source: SecretSource) -> SecretRefresher:
        """Return a refresher that has read everything once and is not started."""
        initial = await read_service_secrets(source)
        return SecretRefresher(source, initial, interval_seconds=INTERVAL_SECONDS)

    def seal(self) -> None:
        """Seal OpenBao; `bao.await_ready` unseals it."""
        self.root.sys.seal()

    def _role_id(self, name: str) -> str:
        role_id: str = self.root.auth.approle.read_role_id(name)["data"]["role_id"]
        return role_id


def unsealed(bao: OpenBaoServer) -> hvac.Client:
    """Start and unseal OpenBao whatever state it is in; return its administrator."""
    bao.resume()
    bao.start()
    bao.await_ready()
    return bao.client()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another task or server brings about."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():  # noqa: ASYNC110 - a condition of any kind, not an event
            await asyncio.sleep(INTERVAL_SECONDS / 2)


def with_entry(content: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return signing keys whose first key has other fields."""
    copy: dict[str, Any] = json.loads(json.dumps(content))
    copy["keys"][0] |= changes
    return copy
