"""Enums on both sides, one to one by name: `Role.ADMIN` is `ROLE_ADMIN`."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from core.domain.audit import AuditOutcome
from core.domain.caller import ActorType
from core.domain.kyc import KycStatus
from core.domain.user import Role, UserStatus
from pandora.user.v1 import audit_pb2, kyc_pb2, user_pb2

D = TypeVar("D", bound=Enum)


class EnumMismatch(Exception):
    """Contract and domain do not know the same values; found at start, which it stops."""


class EnumTable(Generic[D]):
    """Translates one enum. The contract's UNSPECIFIED has no counterpart in the domain."""

    def __init__(self, domain: type[D], wire: Any, *, prefix: str) -> None:  # noqa: ANN401
        """Pair the values that both sides have; `check` says whether any is left over."""
        self._domain = domain
        self._prefix = prefix
        self._numbers: dict[str, int] = dict(wire.items())
        self._to_wire = {
            member: self._numbers[prefix + member.name]
            for member in domain
            if prefix + member.name in self._numbers
        }
        self._from_wire = {number: member for member, number in self._to_wire.items()}

    def to_wire(self, member: D) -> Any:  # noqa: ANN401 - a number that generated types accept
        """Return the number of a value."""
        return self._to_wire[member]

    def from_wire(self, number: int) -> D:
        """Return the value of a number that the contract's field rules let pass."""
        return self._from_wire[number]

    def check(self) -> None:
        """Compare both sides.

        Raises:
            EnumMismatch: one of them has a value that the other does not know.
        """
        domain = {self._prefix + member.name for member in self._domain}
        wire = self._numbers.keys() - {self._prefix + "UNSPECIFIED"}
        if domain != wire:
            raise EnumMismatch(f"{self._domain.__name__}: {sorted(domain ^ wire)} on one side only")


ROLES: Final = EnumTable(Role, user_pb2.Role, prefix="ROLE_")
USER_STATUSES: Final = EnumTable(UserStatus, user_pb2.UserStatus, prefix="USER_STATUS_")
KYC_STATUSES: Final = EnumTable(KycStatus, kyc_pb2.KycStatus, prefix="KYC_STATUS_")
ACTOR_TYPES: Final = EnumTable(ActorType, audit_pb2.ActorType, prefix="ACTOR_TYPE_")
AUDIT_OUTCOMES: Final = EnumTable(AuditOutcome, audit_pb2.AuditOutcome, prefix="AUDIT_OUTCOME_")

_TABLES: Iterable[EnumTable[Any]] = (
    ROLES,
    USER_STATUSES,
    KYC_STATUSES,
    ACTOR_TYPES,
    AUDIT_OUTCOMES,
)


def check_enums() -> None:
    """Check every table, once at start.

    Raises:
        EnumMismatch: contract and domain do not know the same values.
    """
    for table in _TABLES:
        table.check()
