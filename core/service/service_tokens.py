"""Tokens that other services of the platform call with."""

import re
from dataclasses import dataclass
from datetime import timedelta

from core.domain.access_token import SERVICE_SUBJECT_PREFIX, AccessTokenClaims, ServiceToken
from core.domain.audit import AuditAction
from core.domain.caller import Caller
from core.domain.errors import ValidationFailed, Violation
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import AccessTokenCodec
from core.domain.ports.unit_of_work import Database
from core.domain.user import Role
from core.service.recording import Recorder, the_service

DEFAULT_LIFETIME_SECONDS = 3600

_NAME = re.compile(r"[a-z][a-z0-9-]{1,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTokens:
    """Mints and revokes tokens by the name of a service; the tokens themselves are not kept."""

    database: Database
    access_tokens: AccessTokenCodec
    recorder: Recorder
    ids: IdGenerator
    max_lifetime_seconds: int

    async def mint(
        self, name: str, *, lifetime_seconds: int = DEFAULT_LIFETIME_SECONDS, caller: Caller
    ) -> str:
        """Return a new access token of role `service`.

        Raises:
            ValidationFailed: the name is no service's name, or the life is longer than allowed.
        """
        _check_name(name)
        self._check_lifetime(lifetime_seconds)
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            token = ServiceToken(
                id=self.ids.new_id(),
                service_name=name,
                issued_at=record.at,
                expires_at=record.at + timedelta(seconds=lifetime_seconds),
            )
            signed = self.access_tokens.issue(_claims(token))
            await unit.service_tokens.add(token)
            await record.success(
                AuditAction.SERVICE_TOKEN_MINT,
                the_service(name),
                details={"token_id": str(token.id), "lifetime_seconds": lifetime_seconds},
            )
            await unit.commit()
            return signed

    async def revoke(self, name: str, *, caller: Caller) -> int:
        """Revoke every living token of a service and return how many there were.

        Raises:
            ValidationFailed: the name is no service's name.
        """
        _check_name(name)
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            revoked = await unit.service_tokens.revoke_all(name, at=record.at)
            if revoked:
                await record.success(
                    AuditAction.SERVICE_TOKEN_REVOKE,
                    the_service(name),
                    details={"revoked_tokens": revoked},
                )
                await unit.commit()
            return revoked

    def _check_lifetime(self, lifetime_seconds: int) -> None:
        if not 0 < lifetime_seconds <= self.max_lifetime_seconds:
            message = f"is between 1 and {self.max_lifetime_seconds} seconds"
            raise ValidationFailed(Violation("lifetime_seconds", "service.lifetime", message))


def _claims(token: ServiceToken) -> AccessTokenClaims:
    return AccessTokenClaims(
        subject=SERVICE_SUBJECT_PREFIX + token.service_name,
        token_id=token.id,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        role=Role.SERVICE,
        session_id=None,
        kyc_status=None,
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        message = "has 2 to 63 lower-case letters, digits and hyphens, a letter first"
        raise ValidationFailed(Violation("name", "service.name", message))
