"""A database in memory that keeps the promises of the port Database.

It isolates as PostgreSQL's READ COMMITTED does: a unit of work sees its own rows and whatever is
committed at the moment of each read; writes and `lock` hold rows until the unit ends; a commit
shows all of it at once; leaving without a commit leaves nothing. Each operation yields to the
event loop once, so that concurrent units of work really interleave. Breaking the words of a port
(an event without the person's lock, a call after the commit) raises PortMisuse.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from core.domain.audit import AuditEntry
from core.domain.events import DomainEvent, RecordedEvent
from core.domain.ports.unit_of_work import Repositories, UnitOfWork
from tests.fakes.journals import FakeAuditLog, FakeConsumedEvents, FakeKycReviews, FakeOutbox
from tests.fakes.keyed_answers import FakeKeyedAnswers
from tests.fakes.legal_holds import FakeLegalHolds
from tests.fakes.mail import FakeMailOutbox, FakeMailQueue, FakeOneTimeTokens
from tests.fakes.mfa import FakeMfaChallenges, FakeRecoveryCodes, FakeTotpEnrolments
from tests.fakes.scope import Scope, SharedState
from tests.fakes.sessions import FakeRefreshTokens, FakeServiceTokens, FakeSessions
from tests.fakes.tables import Snapshot, Tables
from tests.fakes.throttling import FakeKnownDevices, FakeLoginFailures
from tests.fakes.users import FakeUsers


class FakeRepositories:
    """Implements the port Repositories."""

    def __init__(self, scope: Scope) -> None:
        self.users = FakeUsers(scope)
        self.sessions = FakeSessions(scope)
        self.refresh_tokens = FakeRefreshTokens(scope)
        self.service_tokens = FakeServiceTokens(scope)
        self.totp_enrolments = FakeTotpEnrolments(scope)
        self.recovery_codes = FakeRecoveryCodes(scope)
        self.mfa_challenges = FakeMfaChallenges(scope)
        self.one_time_tokens = FakeOneTimeTokens(scope)
        self.login_failures = FakeLoginFailures(scope)
        self.known_devices = FakeKnownDevices(scope)
        self.kyc_reviews = FakeKycReviews(scope)
        self.keyed_answers = FakeKeyedAnswers(scope)
        self.audit = FakeAuditLog(scope)
        self.legal_holds = FakeLegalHolds(scope)


class FakeUnitOfWork(FakeRepositories):
    """Implements the port UnitOfWork."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.outbox = FakeOutbox(scope)
        self.consumed_events = FakeConsumedEvents(scope)
        self.mail = FakeMailOutbox(scope)
        self._scope = scope

    async def commit(self) -> None:
        await self._scope.commit()


class FakeDatabase:
    """Implements the port Database, and lets tests look inside and break things."""

    def __init__(self) -> None:
        self._shared = SharedState()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        await self._shared.step("transaction")
        scope = Scope(self._shared, writable=True)
        self._shared.open_units += 1
        try:
            yield FakeUnitOfWork(scope)
        finally:
            scope.close("was left")
            self._shared.open_units -= 1

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Repositories]:
        await self._shared.step("reading")
        yield FakeRepositories(Scope(self._shared, writable=False))

    @property
    def tables(self) -> Tables:
        """What is committed; a test may put rows there that no use case would write."""
        return self._shared.tables

    def mail_queue(self) -> FakeMailQueue:
        """Return the mail as the sender sees it."""
        return FakeMailQueue(self._shared.tables)

    @property
    def open_units(self) -> int:
        """How many units of work are open at this moment."""
        return self._shared.open_units

    @property
    def audit_entries(self) -> Sequence[AuditEntry]:
        """Every committed row of the audit log, in the order of the sequence numbers."""
        return [event.entry for _, event in sorted(self.tables.audit.items())]

    @property
    def recorded_events(self) -> Sequence[RecordedEvent]:
        """Every committed event of the outbox, in the order of the sequence numbers."""
        return [event for _, event in sorted(self.tables.outbox.items())]

    @property
    def events(self) -> Sequence[DomainEvent]:
        """As `recorded_events`, without the facts of the envelope."""
        return [recorded.event for recorded in self.recorded_events]

    @property
    def steps(self) -> list[str]:
        """The name of every operation so far, in order; a test may clear it."""
        return self._shared.steps

    async def arrival(self, operation: str) -> None:
        """Wait until somebody comes to an operation; by then they wait for its lock, if any."""
        await self._shared.arrivals.setdefault(operation, asyncio.Event()).wait()

    def snapshot(self) -> Snapshot:
        """Copy what is committed, to compare it with another moment."""
        return Snapshot.of(self.tables)

    def break_at(self, operation: str, error: Exception) -> None:
        """Make an operation, named like `outbox.append` or `commit`, raise from now on."""
        self._shared.faults[operation] = error

    def mend(self) -> None:
        """Undo every `break_at` and come back into reach."""
        self._shared.faults.clear()
        self._shared.reachable = True

    def disconnect(self) -> None:
        """Go out of reach: everything raises DependencyUnavailable."""
        self._shared.reachable = False
