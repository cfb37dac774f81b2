"""The secret half of an AppRole's login: in a file as it is, or wrapped for one opening."""

import re
import threading
from pathlib import Path
from typing import Final

import hvac

from core.vault.bootstrap_files import read_secret_id
from core.vault.errors import BootstrapFileRefused, WrappedSecretIdRefused

_LOOKUP: Final = "/v1/sys/wrapping/lookup"
_UNWRAP: Final = "/v1/sys/wrapping/unwrap"


class PlainSecretId:
    """The secret id is what the file holds, at every login."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def value(self, client: hvac.Client) -> str:
        """Return the secret id.

        Raises:
            BootstrapFileRefused: see `read_secret_id`.
        """
        del client
        return read_secret_id(self.file)

    def opened(self) -> str | None:
        """Return nothing: whoever else needs it reads the file."""
        return None


class WrappedSecretId:
    """The file holds a response-wrapping token, which Vault exchanges once for the secret id.

    What came out stays in memory, for every client of this process: the file is of no use to
    anybody from then on, and may be gone. A file with another token is opened in its turn.
    """

    def __init__(self, file: Path, *, auth_mount: str, opened: str | None = None) -> None:
        """Take what another process has opened, where one has."""
        self.file = file
        # A token that wraps something else than a fresh secret id of this method was put there by
        # somebody who has opened ours and wrapped it anew.
        self._made_by = re.compile(rf"auth/{re.escape(auth_mount)}/role/[^/]+/secret-id")
        self._token: str | None = None
        self._secret_id = opened
        self._lock = threading.Lock()

    def value(self, client: hvac.Client) -> str:
        """Return the secret id, opening it where the file holds a token that is new.

        Raises:
            BootstrapFileRefused: there is no file, or it is not ours alone, at the first login.
            WrappedSecretIdRefused: Vault does not open it, or it holds something else.
        """
        with self._lock:
            try:
                token = read_secret_id(self.file)
            except BootstrapFileRefused:
                if self._secret_id is None:
                    raise
                return self._secret_id
            if self._secret_id is None or (self._token is not None and token != self._token):
                self._secret_id = self._open(client, token)
            self._token = token
            return self._secret_id

    def opened(self) -> str | None:
        """Return the secret id, for a process that this one starts; None before the first login."""
        return self._secret_id

    def _open(self, client: hvac.Client, token: str) -> str:
        # A client puts its own token, if it has one, in the place of any other.
        held, client.token = client.token, ""
        try:
            facts = client.adapter.post(_LOOKUP, json={"token": token})["data"]
            if not self._made_by.fullmatch(facts["creation_path"]):
                raise WrappedSecretIdRefused(
                    f"the token in {self.file} wraps something else than a secret id: somebody may "
                    "have opened the true one; destroy the role's secret ids"
                )
            answer = client.adapter.post(_UNWRAP, headers={"X-Vault-Token": token})
        except (hvac.exceptions.InvalidRequest, hvac.exceptions.Forbidden):
            # Neither text nor cause: they quote nothing that an operator needs.
            raise WrappedSecretIdRefused(
                f"the wrapping token in {self.file} is not valid any more: it has expired, this "
                "service has opened it in an earlier run, or somebody else has. If it is none of "
                "the first two, destroy the role's secret ids; deliver a new token"
            ) from None
        finally:
            client.token = held
        secret_id: str = answer["data"]["secret_id"]
        return secret_id


SecretId = PlainSecretId | WrappedSecretId
