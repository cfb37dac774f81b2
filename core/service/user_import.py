"""Bringing in the accounts of another system, with the password hashes that it has made."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from core.domain.account_import import ImportedAccount, LineOutcome, LineReport, parse_line
from core.domain.audit import AuditAction, AuditDetails
from core.domain.caller import Caller
from core.domain.errors import ValidationFailed
from core.domain.events import UserCreated, UserEmailVerified
from core.domain.password_hash import AdoptedHash
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import PasswordHasher
from core.domain.ports.unit_of_work import Database
from core.domain.user import NewUser, Role
from core.service.login_throttling import LoginThrottling
from core.service.recording import Record, Recorder, the_user

BATCH_SIZE = 200
"""How many lines one unit of work stores: enough to be quick, few enough to hold locks briefly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    """A line that nothing speaks against but perhaps the address's being in use."""

    number: int
    account: ImportedAccount
    adopted: AdoptedHash

    @property
    def key(self) -> str:
        return self.account.address.key


@dataclass(frozen=True, slots=True, kw_only=True)
class UserImport:
    """Makes accounts of the role `user`; nobody is sent a mail, and no password is known to us."""

    database: Database
    hasher: PasswordHasher
    throttling: LoginThrottling
    recorder: Recorder
    ids: IdGenerator

    async def run(
        self, lines: Iterable[bytes], *, dry_run: bool, caller: Caller
    ) -> AsyncIterator[LineReport]:
        """Store the accounts batch by batch, and tell of each line once its batch is committed.

        Blank lines are passed over. A file that was broken off can be brought in again: what is
        there already is left. A dry run does the same and commits nothing.

        Raises:
            Conflict, DependencyUnavailable: the batch under way was not stored, or perhaps was.
        """
        met: set[str] = set()
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        while batch := list(islice(numbered, BATCH_SIZE)):
            reports, sound = self._read(batch)
            outcomes = await self._store(sound, met if dry_run else None, caller)
            reports += [
                LineReport(number=number, outcome=outcome) for number, outcome in outcomes.items()
            ]
            for report in sorted(reports, key=lambda each: each.number):
                yield report

    def _read(self, batch: Sequence[tuple[int, bytes]]) -> tuple[list[LineReport], list[_Sound]]:
        refused: list[LineReport] = []
        sound: list[_Sound] = []
        for number, line in batch:
            try:
                account = parse_line(line)
                adopted = self.hasher.adopt(account.password_hash)
            except ValidationFailed as error:
                outcome = LineOutcome.REFUSED
                refused.append(
                    LineReport(number=number, outcome=outcome, violations=error.violations)
                )
            else:
                sound.append(_Sound(number=number, account=account, adopted=adopted))
        return refused, sound

    async def _store(
        self, lines: Sequence[_Sound], met: set[str] | None, caller: Caller
    ) -> dict[int, LineOutcome]:
        """Store what is new. `met` has the addresses that a dry run would have stored by now."""
        outcomes = dict.fromkeys((line.number for line in lines), LineOutcome.EXISTING)
        made: list[str] = []
        async with self.database.transaction() as unit:
            record = self.recorder.begin(unit, caller)
            # Two imports at once take the addresses in one order, and so never wait in a circle.
            for line in sorted(lines, key=lambda each: (each.key, each.number)):
                if met is not None and line.key in met:
                    continue
                if await self._make(record, line):
                    outcomes[line.number] = LineOutcome.IMPORTED
                    made.append(line.key)
            if met is None and made:
                await unit.commit()
        if met is not None:
            met.update(made)
        else:
            for key in made:
                await self.throttling.reopened(key)
        return outcomes

    async def _make(self, record: Record, line: _Sound) -> bool:
        unit, account = record.unit, line.account
        user = await unit.users.create_if_free(self._new_user(record, line))
        if user is None:
            return False
        # Whoever failed at this address before did not guess at this account.
        await self.throttling.reopen(unit, line.key)
        details: AuditDetails = {
            "algorithm": line.adopted.algorithm,
            "email_verified": account.email_verified,
        }
        await record.success(AuditAction.USER_IMPORT, the_user(user.id), details=details)
        await record.event(UserCreated(user_id=user.id, role=user.role, kyc_status=user.kyc_status))
        if account.email_verified:
            await unit.users.set_email_verified(user.id, at=record.at)
            await record.event(UserEmailVerified(user_id=user.id))
        return True

    def _new_user(self, record: Record, line: _Sound) -> NewUser:
        return NewUser(
            id=self.ids.new_id(),
            email=line.account.address.text,
            email_key=line.key,
            full_name=line.account.full_name,
            hashed_password=line.adopted.stored,
            role=Role.USER,
            created_at=record.at,
        )
