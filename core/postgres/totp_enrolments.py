"""TOTP secrets in PostgreSQL, sealed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from core.domain.mfa import TotpEnrolment
from core.postgres.execution import Executor
from core.postgres.statements import Exec, One


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpEnrolmentRecord:
    """An enrolment's row."""

    user_id: UUID
    sealed_secret: str = field(repr=False)
    created_at: datetime
    confirmed_at: datetime | None
    last_used_step: int | None


class EnrolledUserParams(TypedDict):
    """Names the person of an enrolment."""

    user_id: UUID


class NewEnrolmentParams(TypedDict):
    """All that is stored of a pending enrolment."""

    user_id: UUID
    sealed_secret: str
    created_at: datetime


class ConfirmationParams(TypedDict):
    """The first code of an enrolment."""

    user_id: UUID
    step: int
    at: datetime


class UsedStepParams(TypedDict):
    """A later code of an enrolment."""

    user_id: UUID
    step: int


GET_TOTP_ENROLMENT = One(
    "totp_enrolments", "get_totp_enrolment", EnrolledUserParams, TotpEnrolmentRecord
)
PUT_TOTP_ENROLMENT = Exec("totp_enrolments", "put_totp_enrolment", NewEnrolmentParams)
CONFIRM_TOTP_ENROLMENT = Exec("totp_enrolments", "confirm_totp_enrolment", ConfirmationParams)
USE_TOTP_STEP = Exec("totp_enrolments", "use_totp_step", UsedStepParams)
REMOVE_TOTP_ENROLMENT = Exec("totp_enrolments", "remove_totp_enrolment", EnrolledUserParams)


class PostgresTotpEnrolments:
    """Implements the port TotpEnrolmentRepository."""

    def __init__(self, executor: Executor) -> None:
        """Take what runs the statements."""
        self._run = executor

    async def get(self, user_id: UUID) -> TotpEnrolment | None:
        """Return the enrolment, pending or confirmed."""
        record = await self._run.one(GET_TOTP_ENROLMENT, EnrolledUserParams(user_id=user_id))
        if record is None:
            return None
        return TotpEnrolment(
            user_id=record.user_id,
            sealed_secret=record.sealed_secret,
            created_at=record.created_at,
            confirmed_at=record.confirmed_at,
            last_used_step=record.last_used_step,
        )

    async def put(self, enrolment: TotpEnrolment) -> bool:
        """Store a pending enrolment, unless a confirmed one stands."""
        params = NewEnrolmentParams(
            user_id=enrolment.user_id,
            sealed_secret=enrolment.sealed_secret,
            created_at=enrolment.created_at,
        )
        return await self._run.execute(PUT_TOTP_ENROLMENT, params) == 1

    async def confirm(self, user_id: UUID, *, step: int, at: datetime) -> bool:
        """Put the pending enrolment into use."""
        params = ConfirmationParams(user_id=user_id, step=step, at=at)
        return await self._run.execute(CONFIRM_TOTP_ENROLMENT, params) == 1

    async def use_step(self, user_id: UUID, *, step: int) -> bool:
        """Record that the code of a step was used; False where it or a later one was before."""
        params = UsedStepParams(user_id=user_id, step=step)
        return await self._run.execute(USE_TOTP_STEP, params) == 1

    async def remove(self, user_id: UUID) -> bool:
        """Remove the enrolment; return False where there is none."""
        params = EnrolledUserParams(user_id=user_id)
        return await self._run.execute(REMOVE_TOTP_ENROLMENT, params) == 1
