"""Logins to PostgreSQL that Vault's database engine makes, and takes away when their lease ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import hvac

from core.vault.client import VaultClient
from core.vault.errors import LeaseRefused, VaultError, VaultSealed, VaultUnreachable

T = TypeVar("T")

_WORTH_KEEPING: Final = 0.5
"""A lease that is given less than this share of its first length nears its greatest length."""

_SHORTEST_PAUSE_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseLogin:
    """A role that exists as long as its lease, and its password."""

    username: str
    password: str = field(repr=False)


class DatabaseLoginClient(VaultClient):
    """Holds one lease, bound to one login token. Blocking; for one thread at a time.

    A lease ends with the token that it was asked for with. So this client never logs in twice:
    where its token or its lease nears its end, another client takes its place, with both anew.
    """

    _lease_id: str | None = None
    _first_seconds: float = 0.0
    _ends_at: float = 0.0

    @property
    def seconds_left(self) -> float:
        """How long the login exists at least, if nobody revokes it."""
        token = (self._leased_at or 0.0) + (self._lease_seconds or float("inf"))
        return max(0.0, min(self._ends_at, token) - self._monotonic())

    @property
    def seconds_until_prolonging(self) -> float:
        """When to lengthen the lease and the token, at the latest."""
        spare = self._first_seconds * (1 - self._renewal_share)
        return max(
            _SHORTEST_PAUSE_SECONDS,
            min(self.seconds_until_renewal, self._ends_at - self._monotonic() - spare),
        )

    def take(self, role: str) -> DatabaseLogin:
        """Log in to Vault, and have the engine's role make a login.

        Raises:
            LeaseRefused: there is no such role, or we may not use it.
            VaultError: no login can be had.
        """
        self._renew_or_login()
        asked_at = self._monotonic()
        answer = self._with_lease(
            f"gives no login of its role {role}",
            lambda: self._hvac.secrets.database.generate_credentials(
                role, mount_point=self._options.database_mount
            ),
        )
        with self._translated():
            login = DatabaseLogin(
                username=str(answer["data"]["username"]), password=str(answer["data"]["password"])
            )
            self._lease_id = str(answer["lease_id"])
            self._first_seconds = float(answer["lease_duration"])
            self._ends_at = asked_at + self._first_seconds
        return login

    def prolong(self) -> None:
        """Lengthen the lease, and the token where that is due.

        Raises:
            LeaseRefused: one of them nears its end, or is gone; another client has to take over.
            VaultUnreachable, VaultSealed, VaultFaulty: nothing is known, and nothing is lost.
        """
        if self.seconds_until_renewal <= 0:
            self._renew_or_login()
        asked_at = self._monotonic()
        answer = self._with_lease(
            "does not lengthen a lease", lambda: self._hvac.sys.renew_lease(self._lease_id)
        )
        with self._translated():
            seconds = float(answer["lease_duration"])
        self._ends_at = asked_at + seconds
        if seconds < self._first_seconds * _WORTH_KEEPING:
            raise LeaseRefused("a lease nears its greatest length")

    def _renew_or_login(self) -> None:
        if self._lease_id is None:
            return super()._renew_or_login()
        asked_at, before = self._monotonic(), self._lease_seconds
        try:
            with self._translated():
                self._take_lease(self._hvac.auth.token.renew_self(), asked_at)
        except (VaultUnreachable, VaultSealed):
            raise
        except VaultError as error:
            raise LeaseRefused("Vault does not lengthen the token of a lease") from error
        if self._lease_seconds < before * _WORTH_KEEPING:
            raise LeaseRefused("the token of a lease nears its greatest life")
        return None

    def _with_lease(self, refusal: str, ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        with self._translated():
            try:
                return ask()
            except (
                hvac.exceptions.Forbidden,
                hvac.exceptions.InvalidPath,
                hvac.exceptions.InvalidRequest,
            ) as error:
                mount = self._options.database_mount
                raise LeaseRefused(f"Vault's engine {mount} {refusal}") from error
