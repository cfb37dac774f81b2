"""Where Vault is, and as whom to log in."""

from dataclasses import dataclass
from pathlib import Path

from core.config.vault_settings import KUBERNETES, VaultSettings
from core.vault.errors import BootstrapFileRefused
from core.vault.logins import AppRoleLogin, KubernetesLogin, VaultLogin
from core.vault.wrapped_secret_id import PlainSecretId, SecretId, WrappedSecretId


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultOptions:
    """Where Vault is, and as whom to log in."""

    address: str
    mount: str
    prefix: str
    login: VaultLogin
    timeout_seconds: float
    transit_mount: str
    transit_key: str
    database_mount: str = "database"
    ca_file: Path | None = None
    """Certificates that vouch for Vault; None trusts those that come with `requests`."""
    dev_secrets: bool = False
    """Whether a developer's secrets and default passwords are taken."""


class VaultLogins:
    """The logins of one process, one for each purpose.

    Made once: a wrapped secret id can be opened once, and all clients of the process share it.
    """

    def __init__(self, settings: VaultSettings, *, opened_secret_id: str | None = None) -> None:
        """Take the service's secret id, where the process that started this one has opened it."""
        self._settings = settings
        self._secret_ids: dict[Path, SecretId] = {}
        if opened_secret_id is not None and settings.secret_id_file is not None:
            file = settings.secret_id_file
            self._secret_ids[file] = WrappedSecretId(
                file, auth_mount=settings.auth_mount, opened=opened_secret_id
            )

    def for_service(self) -> VaultOptions:
        """Return the options of a process that serves.

        Raises:
            BootstrapFileRefused: the settings name nothing to log in with.
        """
        of = self._settings
        return self._options(of.role_id_file, of.secret_id_file, of.kubernetes_role)

    def for_migrator(self) -> VaultOptions:
        """Return the options of a process that migrates; raises as `for_service` does."""
        of = self._settings
        return self._options(
            of.migrator_role_id_file, of.migrator_secret_id_file, of.migrator_kubernetes_role
        )

    def for_operator(self) -> VaultOptions:
        """Return the options of who rotates signing keys; raises as `for_service` does."""
        of = self._settings
        return self._options(
            of.operator_role_id_file, of.operator_secret_id_file, of.operator_kubernetes_role
        )

    def for_maintainer(self) -> VaultOptions:
        """Return the options of what maintains the database; raises as `for_service` does."""
        of = self._settings
        return self._options(
            of.maintainer_role_id_file, of.maintainer_secret_id_file, of.maintainer_kubernetes_role
        )

    def for_sealer(self) -> VaultOptions:
        """Return the options of who seals the audit log; raises as `for_service` does."""
        of = self._settings
        return self._options(
            of.sealer_role_id_file, of.sealer_secret_id_file, of.sealer_kubernetes_role
        )

    def for_cloner(self) -> VaultOptions:
        """Return the options of who makes an anonymised clone; raises as `for_service` does."""
        of = self._settings
        return self._options(
            of.cloner_role_id_file, of.cloner_secret_id_file, of.cloner_kubernetes_role
        )

    @property
    def opened_secret_id(self) -> str | None:
        """The service's secret id, which a process that this one starts cannot open once more."""
        file = self._settings.secret_id_file
        found = None if file is None else self._secret_ids.get(file)
        return None if found is None else found.opened()

    def _options(
        self, role_id: Path | None, secret_id: Path | None, role: str | None
    ) -> VaultOptions:
        settings = self._settings
        return VaultOptions(
            address=settings.address,
            mount=settings.mount,
            prefix=settings.prefix,
            login=self._login(role_id, secret_id, role),
            timeout_seconds=settings.timeout_seconds,
            transit_mount=settings.transit_mount,
            transit_key=settings.totp_key,
            database_mount=settings.database_mount,
            ca_file=settings.ca_file,
            dev_secrets=settings.dev_secrets,
        )

    def _login(self, role_id: Path | None, secret_id: Path | None, role: str | None) -> VaultLogin:
        settings = self._settings
        if settings.auth_method == KUBERNETES:
            if role is None:
                raise BootstrapFileRefused("the settings name no Kubernetes role to log in as")
            return KubernetesLogin(
                mount=settings.kubernetes_mount,
                role=role,
                token_file=settings.kubernetes_token_file,
            )
        if role_id is None or secret_id is None:
            raise BootstrapFileRefused("the settings name no files to log in to Vault with")
        return AppRoleLogin(
            mount=settings.auth_mount,
            role_id_file=role_id,
            secret_id=self._secret_ids.setdefault(secret_id, self._secret_id(secret_id)),
        )

    def _secret_id(self, file: Path) -> SecretId:
        if self._settings.secret_id_wrapped:
            return WrappedSecretId(file, auth_mount=self._settings.auth_mount)
        return PlainSecretId(file)
