"""Where Vault is, and as whom to log in."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.config.vault_settings import VaultSettings
from core.vault.errors import BootstrapFileRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultOptions:
    """Where Vault is, and as whom to log in."""

    address: str
    mount: str
    prefix: str
    auth_mount: str
    role_id_file: Path
    secret_id_file: Path
    timeout_seconds: float
    transit_mount: str
    transit_key: str

    @classmethod
    def for_service(cls, settings: VaultSettings) -> Self:
        """Return the options of a process that serves.

        Raises:
            BootstrapFileRefused: the settings name no files.
        """
        return cls._of(settings, settings.role_id_file, settings.secret_id_file)

    @classmethod
    def for_migrator(cls, settings: VaultSettings) -> Self:
        """Return the options of a process that migrates; raises as `for_service` does."""
        return cls._of(settings, settings.migrator_role_id_file, settings.migrator_secret_id_file)

    @classmethod
    def for_operator(cls, settings: VaultSettings) -> Self:
        """Return the options of who rotates signing keys; raises as `for_service` does."""
        return cls._of(settings, settings.operator_role_id_file, settings.operator_secret_id_file)

    @classmethod
    def for_maintainer(cls, settings: VaultSettings) -> Self:
        """Return the options of what maintains the database; raises as `for_service` does."""
        return cls._of(
            settings, settings.maintainer_role_id_file, settings.maintainer_secret_id_file
        )

    @classmethod
    def for_sealer(cls, settings: VaultSettings) -> Self:
        """Return the options of who seals the audit log; raises as `for_service` does."""
        return cls._of(settings, settings.sealer_role_id_file, settings.sealer_secret_id_file)

    @classmethod
    def _of(cls, settings: VaultSettings, role_id: Path | None, secret_id: Path | None) -> Self:
        if role_id is None or secret_id is None:
            raise BootstrapFileRefused("the settings name no files to log in to Vault with")
        return cls(
            address=settings.address,
            mount=settings.mount,
            prefix=settings.prefix,
            auth_mount=settings.auth_mount,
            role_id_file=role_id,
            secret_id_file=secret_id,
            timeout_seconds=settings.timeout_seconds,
            transit_mount=settings.transit_mount,
            transit_key=settings.totp_key,
        )
