"""A blocking client that keeps itself logged in. Used from one thread at a time."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import hvac
import requests

from core.observability.tls_trouble import tls_trouble
from core.vault.errors import (
    CiphertextRefused,
    KeyForbidden,
    LoginRefused,
    SecretChanged,
    SecretForbidden,
    SecretMissing,
    VaultError,
    VaultFaulty,
    VaultSealed,
    VaultUnreachable,
)
from core.vault.options import VaultOptions
from core.vault.production import require_fit

T = TypeVar("T")

_RENEWAL_SHARE = 2 / 3
"""A token is renewed when this share of its life is over, or a little earlier."""

_JITTER = 0.1
"""How much earlier at most, as a share of its life: processes that start together part ways."""

_OUTDATED = "check-and-set"
"""Stands in the answer to a write that was meant for another version than the latest."""


class VaultClient:
    """Logs in, renews its token in time; uses KV version 2 and transit keys."""

    def __init__(
        self,
        options: VaultOptions,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take where Vault is and as whom to log in; `chance` gives numbers from 0 up to 1."""
        session = requests.Session()
        # Neither proxies nor passwords of a .netrc file: the way to Vault is what settings say.
        session.trust_env = False
        # Of a session that it is given hvac takes this one, and none of its own argument.
        session.verify = True if options.ca_file is None else str(options.ca_file)
        self._options = options
        self._monotonic = monotonic
        self._hvac = hvac.Client(
            options.address,
            # Not None, which would take a token from the environment or the home directory.
            token="",
            timeout=options.timeout_seconds,
            allow_redirects=False,
            session=session,
        )
        self._chance = chance
        self._lease_seconds = 0.0
        self._renewal_share = _RENEWAL_SHARE
        self._leased_at: float | None = None

    @property
    def seconds_until_renewal(self) -> float:
        """How long the token can be left alone; 0 if there is none."""
        if self._leased_at is None:
            return 0.0
        if not self._lease_seconds:
            return float("inf")
        due = self._leased_at + self._lease_seconds * self._renewal_share
        return max(0.0, due - self._monotonic())

    def read(self, path: str) -> Mapping[str, object]:
        """Return the latest version of the secret `<prefix>/<path>`.

        Raises:
            SecretMissing, SecretForbidden: this secret cannot be had.
            SecretUnfit: it is none for this environment.
            VaultError: no secret can be had.
        """
        content, _ = self.read_version(path)
        return content

    def read_version(self, path: str) -> tuple[Mapping[str, object], int]:
        """Return as `read` does, and the number of the version that it is."""
        return self._logged_in(lambda: self._read(path))

    def write(self, path: str, content: Mapping[str, object], *, replacing: int) -> None:
        """Write the version that follows `replacing`, if that is the latest one.

        Raises:
            SecretChanged: it is not; nothing was written.
            SecretMissing, SecretForbidden: this secret cannot be written.
            VaultError: it is not known whether it was written, unless Vault refused the login.
        """
        self._logged_in(lambda: self._write(path, content, replacing))

    def encrypt(self, plaintext: str, *, associated_data: str) -> str:
        """Return what the transit key makes of a text; both texts are base64.

        Raises:
            KeyForbidden: our role may not use the key.
            VaultError: no key can be used.
        """
        transit, options = self._hvac.secrets.transit, self._options
        return self._logged_in(
            lambda: self._with_key(
                "ciphertext",
                lambda: transit.encrypt_data(
                    options.transit_key,
                    plaintext=plaintext,
                    associated_data=associated_data,
                    mount_point=options.transit_mount,
                ),
            )
        )

    def decrypt(self, ciphertext: str, *, associated_data: str) -> str:
        """Return the base64 text that `encrypt` was given.

        Raises:
            CiphertextRefused: the key did not make this of any text with this associated data.
            KeyForbidden: our role may not use the key.
            VaultError: no key can be used.
        """
        transit, options = self._hvac.secrets.transit, self._options

        def answer() -> Mapping[str, Mapping[str, str]]:
            try:
                decrypted: Mapping[str, Mapping[str, str]] = transit.decrypt_data(
                    options.transit_key,
                    ciphertext=ciphertext,
                    associated_data=associated_data,
                    mount_point=options.transit_mount,
                )
            except hvac.exceptions.InvalidRequest:
                raise CiphertextRefused("the transit engine refuses a ciphertext") from None
            return decrypted

        return self._logged_in(lambda: self._with_key("plaintext", answer))

    def check(self) -> None:
        """Return if Vault can serve; needs no token.

        Raises:
            VaultUnreachable, VaultSealed, VaultFaulty: it cannot.
        """
        with self._translated():
            self._hvac.adapter.get("/v1/sys/health", params={"standbyok": "true"})

    def close(self) -> None:
        """Give the token back, if Vault is there to take it."""
        if self._leased_at is not None:
            with suppress(VaultError), self._translated():
                self._hvac.auth.token.revoke_self()
        self._leased_at = None
        self._hvac.adapter.close()

    def _logged_in(self, work: Callable[[], T]) -> T:
        if self.seconds_until_renewal <= 0:
            self._renew_or_login()
        try:
            return work()
        except (SecretForbidden, KeyForbidden):
            # The token may have been revoked, or forgotten by a Vault restored from a backup.
            self._login()
            return work()

    def _with_key(self, field: str, ask: Callable[[], Mapping[str, Mapping[str, str]]]) -> str:
        with self._translated():
            try:
                found = ask()["data"][field]
            except hvac.exceptions.Forbidden as error:
                key = self._options.transit_key
                raise KeyForbidden(f"Vault's key {key} may not be used by our role") from error
        return found

    def _write(self, path: str, content: Mapping[str, object], replacing: int) -> None:
        full_path = f"{self._options.prefix}/{path}"
        with self._translated():
            try:
                self._hvac.secrets.kv.v2.create_or_update_secret(
                    full_path, dict(content), cas=replacing, mount_point=self._options.mount
                )
            except hvac.exceptions.InvalidRequest as error:
                if _OUTDATED in str(error):
                    raise SecretChanged(path) from None
                raise
            except hvac.exceptions.InvalidPath as error:
                raise SecretMissing(path) from error
            except hvac.exceptions.Forbidden:
                raise SecretForbidden(path, "may not be written by our role") from None

    def _read(self, path: str) -> tuple[Mapping[str, object], int]:
        full_path = f"{self._options.prefix}/{path}"
        with self._translated():
            try:
                answer = self._hvac.secrets.kv.v2.read_secret_version(
                    full_path, mount_point=self._options.mount, raise_on_deleted_version=True
                )
                content, about = answer["data"]["data"], answer["data"]["metadata"]
                version, custom_metadata = about["version"], about.get("custom_metadata") or {}
            except hvac.exceptions.InvalidPath as error:
                raise SecretMissing(path) from error
            except hvac.exceptions.Forbidden as error:
                raise SecretForbidden(path) from error
        if not isinstance(content, dict):
            raise SecretMissing(path)
        if not self._options.dev_secrets:
            require_fit(path, content, custom_metadata)
        return content, version

    def _renew_or_login(self) -> None:
        if self._leased_at is None or self._monotonic() >= self._leased_at + self._lease_seconds:
            return self._login()
        asked_at, before = self._monotonic(), self._lease_seconds
        try:
            with self._translated():
                self._take_lease(self._hvac.auth.token.renew_self(), asked_at)
        except (VaultUnreachable, VaultSealed):
            raise
        except VaultError:
            return self._login()
        # Near the end of its greatest life a token is given ever less.
        return self._login() if self._lease_seconds < before / 2 else None

    def _login(self) -> None:
        login = self._options.login
        with self._translated():
            credentials = login.read(self._hvac)
            self._leased_at = None
            asked_at = self._monotonic()
            try:
                answer = login.log_in(self._hvac, credentials)
            except (
                hvac.exceptions.InvalidRequest,
                hvac.exceptions.Unauthorized,
                hvac.exceptions.Forbidden,
                hvac.exceptions.InvalidPath,
            ) as error:
                raise LoginRefused(f"Vault refuses the login {login.shown}") from error
            self._take_lease(answer, asked_at)

    def _take_lease(self, answer: Mapping[str, Any], asked_at: float) -> None:
        """Count a token's life from when it was asked for: Vault's own count began later."""
        self._lease_seconds = float(answer["auth"]["lease_duration"])
        self._renewal_share = _RENEWAL_SHARE - _JITTER * self._chance()
        self._leased_at = asked_at

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn every error of the driver into one of ours, without anything it quotes."""
        vault = f"Vault at {self._options.address}"
        try:
            yield
        except requests.Timeout as error:
            seconds = self._options.timeout_seconds
            raise VaultUnreachable(f"{vault} does not answer within {seconds:g} s") from error
        except requests.ConnectionError as error:
            trouble = tls_trouble(error)
            why = "" if trouble is None else f" ({trouble})"
            raise VaultUnreachable(f"{vault} cannot be reached{why}") from error
        except (hvac.exceptions.VaultDown, hvac.exceptions.VaultNotInitialized) as error:
            raise VaultSealed(f"{vault} is sealed or not ready") from error
        except (hvac.exceptions.VaultError, requests.RequestException) as error:
            raise VaultFaulty(f"{vault} answers with {type(error).__name__}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise VaultFaulty(f"{vault} answers in a form that is not Vault's") from error
