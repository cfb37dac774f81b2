"""The whole service on fakes, and the people who use it."""

from dataclasses import replace
from uuid import UUID

from core.domain.audit import AuditEntry
from core.domain.caller import ActorType, Caller, Origin
from core.domain.known_device import DevicePolicy
from core.domain.mail import MailTemplate, NewMail
from core.domain.mfa import MfaPolicy, RecoveryCode, TotpCode
from core.domain.one_time_token import OneTimeTokenLifetimes
from core.domain.password import PasswordPolicy
from core.domain.ports.crypto import RefreshTokenMint
from core.domain.ports.unit_of_work import Database
from core.domain.refresh_token import ReplayPolicy
from core.domain.session import LoginChallenge, LoginOutcome, LoginResult, SessionLifetimes
from core.domain.throttling import DelayPolicy, ThrottlePolicy
from core.domain.totp import code_at, time_step
from core.domain.user import Role, User
from core.service.use_cases import Ports, Rules, UseCases, assemble
from tests.fakes.audit_seals import FakeLogVerifier
from tests.fakes.clock import FakeClock
from tests.fakes.crypto import (
    FakeAccessTokenCodec,
    FakeKeyedDigests,
    FakeOneTimeTokenMint,
    FakePageTokenCodec,
    FakePasswordHasher,
    FakePasswordScreen,
    FakeRefreshTokenMint,
)
from tests.fakes.database import FakeDatabase
from tests.fakes.ids import FakeIds
from tests.fakes.mfa import FakeMfaSecretMint, FakeSecretBox
from tests.fakes.throttling import FakeAttempts, FakeCountries

PASSWORD = "correct horse battery staple"

LIFETIMES = SessionLifetimes(
    access_token_seconds=900,
    refresh_idle_seconds=7 * 24 * 3600,
    refresh_absolute_seconds=30 * 24 * 3600,
)

TOKEN_LIFETIMES = OneTimeTokenLifetimes(
    password_reset_seconds=30 * 60, email_verification_seconds=24 * 3600
)

REPLAYS = ReplayPolicy(window_seconds=10, window_limit=10)

MFA = MfaPolicy(issuer="Pandora Exchange", challenge_seconds=300, max_failures=5)

THROTTLE = ThrottlePolicy(
    account=DelayPolicy(from_failure=5, first_seconds=2, longest_seconds=900, memory_seconds=3600),
    address=DelayPolicy(from_failure=20, first_seconds=2, longest_seconds=60, memory_seconds=3600),
    most_failures=100,
    stale_days=90,
)

RULES = Rules(
    policy=PasswordPolicy(min_length=8, service_names=("Pandora", "Pandora Exchange")),
    lifetimes=LIFETIMES,
    replays=REPLAYS,
    mfa=MFA,
    one_time_tokens=TOKEN_LIFETIMES,
    throttle=THROTTLE,
    devices=DevicePolicy(memory_days=180),
)

ORIGIN = Origin(
    request_id="request-1",
    trace_id="0af7651916cd43dd8448eb211c80319c",
    ip_address="203.0.113.7",
    user_agent="browser/1.0",
)

ELSEWHERE = replace(ORIGIN, ip_address="198.51.100.9", user_agent="thief/1.0")


class World:
    """One service with everything that it needs, all of it in memory.

    A test may put the real thing in the place of the storage or of the refresh tokens.
    """

    def __init__(
        self,
        lifetimes: SessionLifetimes = LIFETIMES,
        *,
        neutral_registration: bool = False,
        throttle: ThrottlePolicy = THROTTLE,
        storage: Database | None = None,
        refresh_tokens: RefreshTokenMint | None = None,
    ) -> None:
        self.database = FakeDatabase()
        self.clock = FakeClock()
        self.ids = FakeIds(self.clock)
        self.hasher = FakePasswordHasher()
        self.password_screen = FakePasswordScreen()
        self.access_tokens = FakeAccessTokenCodec(self.clock)
        self.refresh_tokens = FakeRefreshTokenMint()
        self.one_time_tokens = FakeOneTimeTokenMint()
        self.page_tokens = FakePageTokenCodec()
        self.keyed_digests = FakeKeyedDigests()
        self.attempts = FakeAttempts(throttle, self.clock)
        self.countries = FakeCountries()
        self.mfa_secrets = FakeMfaSecretMint()
        self.secret_box = FakeSecretBox()
        self.log_verifier = FakeLogVerifier()
        ports = Ports(
            database=storage or self.database,
            clock=self.clock,
            ids=self.ids,
            hasher=self.hasher,
            password_screen=self.password_screen,
            access_tokens=self.access_tokens,
            refresh_tokens=refresh_tokens or self.refresh_tokens,
            one_time_tokens=self.one_time_tokens,
            page_tokens=self.page_tokens,
            keyed_digests=self.keyed_digests,
            attempts=self.attempts,
            countries=self.countries,
            mfa_secrets=self.mfa_secrets,
            secret_box=self.secret_box,
            log_verifier=self.log_verifier,
        )
        rules = replace(
            RULES,
            lifetimes=lifetimes,
            neutral_registration=neutral_registration,
            throttle=throttle,
        )
        self.use_cases: UseCases = assemble(ports, rules)
        self.nobody = Caller(origin=ORIGIN)
        self.stranger = Caller(origin=ELSEWHERE)
        self.system = Caller(origin=ORIGIN, actor_type=ActorType.SYSTEM)

    async def register(self, email: str = "ada@example.com", full_name: str | None = None) -> User:
        """Make an account."""
        user = await self.use_cases.registration.register(
            email=email, password=PASSWORD, full_name=full_name, caller=self.nobody
        )
        assert user is not None
        return user

    async def register_as_system(self, email: str = "ada@example.com") -> User:
        """Make an account as an operator does."""
        user = await self.use_cases.registration.register(
            email=email, password=PASSWORD, full_name=None, caller=self.system
        )
        assert user is not None
        return user

    async def create_admin(self, email: str = "root@example.com") -> User:
        """Make an administrator."""
        return await self.use_cases.administration.create_admin(
            email=email, password=PASSWORD, full_name=None, caller=self.system
        )

    async def login(self, email: str = "ada@example.com", password: str = PASSWORD) -> LoginResult:
        """Open a session."""
        outcome = await self.begin_login(email, password)
        assert isinstance(outcome, LoginResult)
        return outcome

    async def begin_login(
        self, email: str = "ada@example.com", password: str = PASSWORD
    ) -> LoginOutcome:
        """Present a password."""
        return await self.use_cases.login.login(email=email, password=password, caller=self.nobody)

    async def challenge(self, email: str = "ada@example.com") -> str:
        """Present the password of somebody with a second factor; return the challenge's token."""
        outcome = await self.begin_login(email)
        assert isinstance(outcome, LoginChallenge)
        return outcome.challenge_token

    async def complete(self, challenge_token: str, proof: TotpCode | RecoveryCode) -> LoginResult:
        """Bring the second factor."""
        return await self.use_cases.mfa_completion.complete(
            challenge_token=challenge_token, proof=proof, caller=self.nobody
        )

    async def enroll(self, user: User) -> list[RecoveryCode]:
        """Give somebody a second factor; the code of the present step is used up by it."""
        await self.use_cases.mfa_enrolment.enroll(user.id, caller=self.caller(user))
        codes = await self.use_cases.mfa_enrolment.confirm(
            user.id, code=self.totp_code(user).text, caller=self.caller(user)
        )
        return list(codes)

    def totp_code(self, user: User, *, steps: int = 0) -> TotpCode:
        """Return what somebody's authenticator shows, so many steps from now."""
        sealed = self.database.tables.totp_enrolments[user.id].sealed_secret
        step = time_step(self.clock.now()) + steps
        return TotpCode(code_at(self.secret_box.look_into(sealed), step))

    def caller(self, user: User, session_id: UUID | None = None) -> Caller:
        """Call as a person."""
        return Caller(origin=ORIGIN, user_id=user.id, session_id=session_id, role=user.role)

    def staff(self, role: Role = Role.ADMIN) -> Caller:
        """Call as somebody of the staff, whose account is not in the database."""
        return Caller(origin=ORIGIN, user_id=self.ids.new_id(), role=role)

    def stored_user(self, user_id: UUID) -> User:
        """Look at what is committed of an account."""
        return self.database.tables.users[user_id].user

    def store_user(self, user: User) -> None:
        """Put an account into a state that no use case would bring it into."""
        stored = self.database.tables.users[user.id]
        self.database.tables.users[user.id] = replace(stored, user=user)

    def store_password_hash(self, user_id: UUID, hashed_password: str) -> None:
        """Change a password behind the service's back."""
        stored = self.database.tables.users[user_id]
        self.database.tables.users[user_id] = replace(stored, hashed_password=hashed_password)

    def forget_the_past(self) -> None:
        """Empty the journals, so that a test sees only what it does itself."""
        self.database.tables.audit.clear()
        self.database.tables.outbox.clear()
        self.database.tables.mail.clear()
        self.database.steps.clear()

    def mails(self, template: MailTemplate) -> list[NewMail]:
        """Return the mails of one kind that were written, the oldest first."""
        return [
            row.mail
            for _, row in sorted(self.database.tables.mail.items())
            if row.mail.template is template
        ]

    def mailed_token(self, template: MailTemplate) -> str:
        """Return the token in the newest mail of one kind."""
        token_id = self.mails(template)[-1].token_id
        assert token_id is not None
        token = self.database.tables.one_time_tokens[token_id]
        return self.one_time_tokens.derive(token_id, token.purpose)

    @property
    def only_audit_entry(self) -> AuditEntry:
        """The one row of the audit log."""
        (entry,) = self.database.audit_entries
        return entry
