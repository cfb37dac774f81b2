"""Where secrets come from, and how each process logs in there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from core.config.kinds import HttpUrl, Name, TimeoutSeconds, VaultPath
from core.config.rules import Between, OneOf

APPROLE: Final = "approle"
KUBERNETES: Final = "kubernetes"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSettings:
    """Where secrets come from. The files hold an AppRole's two halves; they are no settings.

    Each purpose logs in for itself: with its two files where `auth_method` is `approle`, with its
    role of the Kubernetes method where it is `kubernetes`.
    """

    address: HttpUrl
    ca_file: Path | None = None
    """Certificates that vouch for Vault; None trusts those that come with the client library."""
    dev_secrets: bool = False
    """Whether secrets are taken that were made for a developer's machine; dev alone may."""
    mount: VaultPath = "secret"
    prefix: VaultPath = "pandora/user-service"
    auth_method: Annotated[str, OneOf((APPROLE, KUBERNETES))] = APPROLE
    """How processes log in: with an AppRole's files, or with their pod's service account."""
    auth_mount: VaultPath = "approle"
    """Where the AppRole method is mounted."""
    role_id_file: Path | None = None
    secret_id_file: Path | None = None
    migrator_role_id_file: Path | None = None
    migrator_secret_id_file: Path | None = None
    operator_role_id_file: Path | None = None
    """Half of the login of whoever rotates signing keys; serving processes need none."""
    operator_secret_id_file: Path | None = None
    sealer_role_id_file: Path | None = None
    """Half of the login of the sealer, whose role alone may sign seals of the audit log."""
    sealer_secret_id_file: Path | None = None
    maintainer_role_id_file: Path | None = None
    """Half of the login of what maintains the database; serving processes need none."""
    maintainer_secret_id_file: Path | None = None
    cloner_role_id_file: Path | None = None
    """Half of the login of whoever makes an anonymised clone; no other process needs it."""
    cloner_secret_id_file: Path | None = None
    secret_id_wrapped: bool = False
    """Whether the secret id files hold response-wrapping tokens, each good for one opening."""
    kubernetes_mount: VaultPath = "kubernetes"
    """Where the Kubernetes method is mounted."""
    kubernetes_token_file: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    """The token of the pod's service account, which is read at every login: it is replaced."""
    kubernetes_role: Name | None = None
    """The role of processes that serve, at the Kubernetes method."""
    migrator_kubernetes_role: Name | None = None
    operator_kubernetes_role: Name | None = None
    sealer_kubernetes_role: Name | None = None
    maintainer_kubernetes_role: Name | None = None
    cloner_kubernetes_role: Name | None = None
    database_mount: VaultPath = "database"
    """Where the database engine is mounted; used with `postgres.credentials: dynamic`."""
    timeout_seconds: TimeoutSeconds = 5.0
    """Longest single request; a whole read may take a few of them."""
    refresh_interval_seconds: Annotated[float, Between(0.05, 3600)] = 30.0
    """How often all secrets are read anew. A new signing key waits for it before it signs."""
    key_reload_interval_seconds: Annotated[float, Between(0.05, 3600)] = 10.0
    """Shortest time between two reads that tokens of unknown signing keys set off."""
    transit_mount: VaultPath = "transit"
    totp_key: Name = "user-service-totp"
    """The transit engine's key that seals TOTP secrets."""
    audit_seal_key: Name = "user-service-audit-seal"
    """The transit engine's key (Ed25519) that signs seals of the audit log."""
    transit_timeout_seconds: TimeoutSeconds = 3.0
    """Longest wait for a secret to be sealed or opened, logging in included."""
