"""The ways to log in to Vault. Each reads its files anew whenever it is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import hvac

from core.vault.bootstrap_files import read_role_id, read_service_account_token
from core.vault.wrapped_secret_id import SecretId

Answer = Mapping[str, Any]
"""What Vault answers to a login: `auth` holds the token and its life."""


class VaultLogin(Protocol):
    """Logs a client in."""

    @property
    def shown(self) -> str:
        """Who logs in and with what, for a message; nothing secret."""
        ...

    def read(self, client: hvac.Client) -> Mapping[str, str]:
        """Read what the login consists of.

        Raises:
            BootstrapFileRefused: a file cannot be used.
            WrappedSecretIdRefused: Vault does not open a secret id.
        """
        ...

    def log_in(self, client: hvac.Client, credentials: Mapping[str, str]) -> Answer:
        """Log in with what was read; the client holds the token from then on.

        Raises:
            hvac.exceptions.VaultError: Vault refuses it, or cannot.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRoleLogin:
    """An AppRole's two halves."""

    mount: str
    role_id_file: Path
    secret_id: SecretId

    @property
    def shown(self) -> str:
        """See VaultLogin."""
        return f"with {self.secret_id.file}"

    def read(self, client: hvac.Client) -> Mapping[str, str]:
        """See VaultLogin."""
        role_id = read_role_id(self.role_id_file)
        return {"role_id": role_id, "secret_id": self.secret_id.value(client)}

    def log_in(self, client: hvac.Client, credentials: Mapping[str, str]) -> Answer:
        """See VaultLogin."""
        answer: Answer = client.auth.approle.login(**credentials, mount_point=self.mount)
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesLogin:
    """The token of a pod's service account, which Kubernetes replaces while the pod runs."""

    mount: str
    role: str
    token_file: Path

    @property
    def shown(self) -> str:
        """See VaultLogin."""
        return f"as the Kubernetes role {self.role} with {self.token_file}"

    def read(self, client: hvac.Client) -> Mapping[str, str]:
        """See VaultLogin."""
        del client
        return {"role": self.role, "jwt": read_service_account_token(self.token_file)}

    def log_in(self, client: hvac.Client, credentials: Mapping[str, str]) -> Answer:
        """See VaultLogin."""
        answer: Answer = client.auth.kubernetes.login(**credentials, mount_point=self.mount)
        return answer
