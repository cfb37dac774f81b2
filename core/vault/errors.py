"""Why secrets cannot be had. Each message is one line, fit to be the last one before an exit."""

from typing import ClassVar


class VaultError(Exception):
    """Something keeps a secret from us; `kind` names it for metrics and logs."""

    kind: ClassVar[str] = "faulty"


class VaultUnreachable(VaultError):
    """Nobody answers at the address, or not in time."""

    kind = "unreachable"


class VaultSealed(VaultError):
    """Vault is there, but sealed, not initialised, or without a leader."""

    kind = "sealed"


class VaultFaulty(VaultError):
    """Vault answers with an error of its own, or with what no Vault says."""

    kind = "faulty"


class BootstrapFileRefused(VaultError):
    """A file that a login needs is missing, empty, or open to others."""

    kind = "bootstrap_file"


class LoginRefused(VaultError):
    """Vault does not accept the credentials."""

    kind = "login_refused"


class WrappedSecretIdRefused(VaultError):
    """A wrapped secret id does not open. Who did not open it has to ask who did: an alarm."""

    kind = "wrapped_secret_id_refused"


class LeaseRefused(VaultError):
    """The database engine gives no login, or does not lengthen the life of one."""

    kind = "lease_refused"


class KeyForbidden(VaultError):
    """Our role's policy does not let us work with a key of the transit engine."""

    kind = "key_forbidden"


class CiphertextRefused(VaultError):
    """The transit engine does not decrypt a text: altered, of another key, or of another context.

    Its own word for it is not kept, as that may quote the text.
    """

    kind = "ciphertext_refused"


class SecretError(VaultError):
    """One secret cannot be had, while Vault itself is well; `path` says which."""

    kind = "secret"
    problem: ClassVar[str] = "cannot be used"

    def __init__(self, path: str, problem: str | None = None) -> None:
        super().__init__(f"Vault's secret {path} {problem or self.problem}")
        self.path = path


class SecretMissing(SecretError):
    """There is no such secret, or its latest version is deleted."""

    kind = "secret_missing"
    problem = "does not exist"


class SecretForbidden(SecretError):
    """Our role's policy does not cover the secret."""

    kind = "secret_forbidden"
    problem = "may not be read by our role"


class SecretChanged(SecretError):
    """Somebody else has written the secret since we read it; nothing was overwritten."""

    kind = "secret_changed"
    problem = "was changed by somebody else meanwhile"


class SecretMalformed(SecretError):
    """The secret is not of the form that is agreed on. The message never repeats its content."""

    kind = "secret_malformed"


class SecretUnfit(SecretError):
    """The secret is a developer's, or a default, and this is no developer's machine."""

    kind = "secret_unfit"
