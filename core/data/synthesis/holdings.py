"""Writes what people have: sessions, tokens, devices, second factors, the history of their KYC."""

from collections.abc import Mapping
from random import Random
from typing import Final

from core.data.synthesis.account import time_text
from core.data.synthesis.curve import SECOND
from core.data.synthesis.lives import Life
from core.data.synthesis.people import Person
from core.data.synthesis.visits import IDLE, Visit
from core.data.tables import Row
from core.domain.kyc import KycStatus
from core.domain.mfa import PASSWORD_ONLY, RECOVERY_CODE_COUNT, TotpCode
from core.domain.session import RevocationCause

_STEP_SECONDS: Final = 30


class Holdings:
    """Appends rows to the tables; every digest is a random number, whose text nobody holds."""

    def __init__(self, tables: Mapping[str, list[Row]], chance: Random) -> None:
        """Take the tables by their names; a missing one is made by asking for it."""
        self._tables = tables
        self._chance = chance

    def kyc_review(
        self,
        review_id: str,
        person: Person,
        previous: KycStatus,
        status: KycStatus,
        reason: str | None,
        reviewer: str,
        at: int,
    ) -> None:
        """Write a row of the history."""
        self._tables["kyc_reviews"].append(
            (review_id, person.id, previous.value, status.value, reason, reviewer, time_text(at))
        )

    def second_factor(self, person: Person, enrolled_at: int, confirmed_at: int) -> None:
        """Write an enrolment whose secret nobody can open, and recovery codes that nobody knows."""
        step = confirmed_at // SECOND // _STEP_SECONDS
        sealed = f"vault:v1:{self._digest()}"
        self._tables["totp_enrolments"].append(
            (person.id, sealed, time_text(enrolled_at), time_text(confirmed_at), str(step))
        )
        for _ in range(RECOVERY_CODE_COUNT):
            self._tables["recovery_codes"].append(
                (person.id, self._digest(), time_text(confirmed_at))
            )

    def session(
        self, person: Person, visit: Visit, ended_at: int | None, cause: RevocationCause | None
    ) -> None:
        """Write a session with the digests of its refresh tokens, which nobody holds."""
        revoked_at, why = visit.logged_out_at, RevocationCause.LOGOUT
        if revoked_at is None and ended_at is not None and visit.is_alive(ended_at):
            revoked_at, why = ended_at, cause or RevocationCause.REVOKED
        amr = TotpCode.amr if visit.with_mfa else PASSWORD_ONLY
        self._tables["sessions"].append(
            (
                visit.id,
                person.id,
                time_text(visit.created_at),
                time_text(visit.last_used_at),
                time_text(visit.idle_end),
                time_text(visit.absolute_end),
                "{" + ",".join(amr) + "}",
                visit.device.ip_address,
                visit.device.user_agent,
                time_text(revoked_at),
                None if revoked_at is None else why.value,
            )
        )
        self._tokens(person, visit)

    def devices(self, life: Life) -> None:
        """Write what somebody has logged in from."""
        seen: dict[str, tuple[int, int]] = {}
        for visit in life.visits:
            first, _ = seen.get(visit.device.digest, (visit.created_at, 0))
            seen[visit.device.digest] = first, visit.created_at
        self._tables["known_devices"] += [
            (life.person.id, digest, time_text(first), time_text(last))
            for digest, (first, last) in seen.items()
        ]

    def _tokens(self, person: Person, visit: Visit) -> None:
        began, used_at = visit.created_at, visit.refreshed_at
        successor = None if used_at is None else self._digest()
        first_end = time_text(min(began + IDLE, visit.absolute_end))
        tokens = self._tables["refresh_tokens"]
        tokens.append(
            (
                self._digest(),
                person.id,
                visit.id,
                first_end,
                time_text(began),
                time_text(used_at),
                successor,
            )
        )
        if used_at is not None:
            end = time_text(visit.idle_end)
            tokens.append((successor, person.id, visit.id, end, time_text(used_at), None, None))

    def _digest(self) -> str:
        return f"{self._chance.getrandbits(256):064x}"
