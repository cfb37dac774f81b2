"""Verifying the audit log."""

from dataclasses import dataclass, field
from typing import Final

from core.domain.audit_verification import LogReport
from core.domain.errors import ServerBusy
from core.domain.ports.audit_seals import LogVerifier

_RETRY_AFTER_SECONDS: Final = 10.0


@dataclass(slots=True, kw_only=True)
class AuditVerification:
    """Recomputes the whole log for one caller at a time."""

    verifier: LogVerifier
    _is_under_way: bool = field(default=False, init=False)

    async def verify(self) -> LogReport:
        """Return what was found.

        Raises:
            ServerBusy: a verification is under way, here or in another replica.
            DependencyUnavailable: storage or keys are out of reach.
        """
        if self._is_under_way:
            raise ServerBusy(
                "A verification is under way.", retry_after_seconds=_RETRY_AFTER_SECONDS
            )
        self._is_under_way = True
        try:
            return await self.verifier.verify()
        finally:
            self._is_under_way = False
