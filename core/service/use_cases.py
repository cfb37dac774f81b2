"""All use cases, put together over the ports."""

from dataclasses import dataclass, field

from core.domain.client_network import ExemptNetworks
from core.domain.idempotency import IdempotencyPolicy
from core.domain.known_device import DevicePolicy
from core.domain.mfa import MfaPolicy
from core.domain.one_time_token import OneTimeTokenLifetimes
from core.domain.password import PasswordPolicy
from core.domain.ports.audit_seals import LogVerifier
from core.domain.ports.clock import Clock, IdGenerator
from core.domain.ports.countries import Countries
from core.domain.ports.crypto import (
    AccessTokenCodec,
    KeyedDigests,
    OneTimeTokenMint,
    PageTokenCodec,
    PasswordHasher,
    RefreshTokenMint,
)
from core.domain.ports.idempotency import IdempotentCalls
from core.domain.ports.limits import AttemptLimiter
from core.domain.ports.mfa import MfaSecretMint, SecretBox
from core.domain.ports.password_screen import PasswordScreen
from core.domain.ports.unit_of_work import Database
from core.domain.ports.user_service import UserService
from core.domain.refresh_token import ReplayPolicy
from core.domain.session import SessionLifetimes
from core.domain.throttling import ThrottlePolicy
from core.service.account_opening import AccountOpening
from core.service.accounts import Accounts
from core.service.administration import Administration
from core.service.audit_export import AuditExport
from core.service.audit_trail import AuditTrail
from core.service.audit_verification import AuditVerification
from core.service.authentication import Authentication
from core.service.deferral import DeferringDatabase
from core.service.deletion import Deletion
from core.service.device_recognition import DeviceRecognition
from core.service.email_verification import EmailVerification
from core.service.idempotency import IdempotentAnswers
from core.service.introspection import Introspection
from core.service.kyc_review import KycReviewing
from core.service.login import Login
from core.service.login_throttling import LoginThrottling
from core.service.logout import Logout
from core.service.mailing import Mailing
from core.service.mfa_challenging import MfaChallenging
from core.service.mfa_completion import MfaCompletion
from core.service.mfa_enrolment import MfaEnrolling
from core.service.mfa_removal import MfaRemoval
from core.service.paging import Paging
from core.service.password_change import PasswordChange
from core.service.password_judgement import PasswordJudgement
from core.service.password_reset import PasswordReset
from core.service.password_setting import PasswordSetting
from core.service.password_vetting import PasswordVetting
from core.service.profile import Profile
from core.service.recording import Recorder
from core.service.refresh import Refresh
from core.service.registration import Registration
from core.service.second_factor import SecondFactor
from core.service.service_tokens import ServiceTokens
from core.service.session_control import SessionControl
from core.service.session_opening import SessionOpening
from core.service.session_tokens import SessionTokens
from core.service.user_import import UserImport
from core.service.user_service import PlatformUserService


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the use cases need of the outside world."""

    database: Database
    clock: Clock
    ids: IdGenerator
    hasher: PasswordHasher
    password_screen: PasswordScreen
    access_tokens: AccessTokenCodec
    refresh_tokens: RefreshTokenMint
    one_time_tokens: OneTimeTokenMint
    page_tokens: PageTokenCodec
    keyed_digests: KeyedDigests
    attempts: AttemptLimiter
    countries: Countries
    mfa_secrets: MfaSecretMint
    secret_box: SecretBox
    log_verifier: LogVerifier


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an operator decides about what the use cases do."""

    policy: PasswordPolicy
    lifetimes: SessionLifetimes
    replays: ReplayPolicy
    mfa: MfaPolicy
    one_time_tokens: OneTimeTokenLifetimes
    throttle: ThrottlePolicy
    devices: DevicePolicy
    exempt: ExemptNetworks = field(default_factory=ExemptNetworks)
    """Clients whose addresses are not throttled."""
    idempotency: IdempotencyPolicy = field(default_factory=IdempotencyPolicy)
    neutral_registration: bool = False
    least_answer_seconds: float = 0.0
    """No request for a reset and no neutral registration is answered sooner."""
    most_exports: int = 4
    """Exports of the audit log that are under way at once, in each process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """Everything that the service does."""

    registration: Registration
    login: Login
    refresh: Refresh
    logout: Logout
    authentication: Authentication
    introspection: Introspection
    accounts: Accounts
    profile: Profile
    deletion: Deletion
    administration: Administration
    sessions: SessionControl
    kyc: KycReviewing
    audit: AuditTrail
    audit_export: AuditExport
    audit_verification: AuditVerification
    service_tokens: ServiceTokens
    password_change: PasswordChange
    password_reset: PasswordReset
    email_verification: EmailVerification
    mfa_enrolment: MfaEnrolling
    mfa_completion: MfaCompletion
    mfa_removal: MfaRemoval
    user_import: UserImport
    users: UserService
    idempotency: IdempotentCalls


def assemble(ports: Ports, rules: Rules) -> UseCases:
    """Put the use cases together; nothing is connected or started by it."""
    database, ids = DeferringDatabase(ports.database), ports.ids
    recorder = Recorder(clock=ports.clock, ids=ids)
    paging = Paging(codec=ports.page_tokens)
    mailing = Mailing(tokens=ports.one_time_tokens, lifetimes=rules.one_time_tokens, ids=ids)
    setting = PasswordSetting(mailing=mailing)
    vetting = PasswordVetting(policy=rules.policy, screen=ports.password_screen)
    recognition = DeviceRecognition(
        digests=ports.keyed_digests,
        countries=ports.countries,
        policy=rules.devices,
        clock=ports.clock,
    )
    throttling = LoginThrottling(
        database=database,
        limiter=ports.attempts,
        digests=ports.keyed_digests,
        devices=recognition,
        policy=rules.throttle,
        exempt=rules.exempt,
        recorder=recorder,
    )
    opening = AccountOpening(
        database=database,
        hasher=ports.hasher,
        vetting=vetting,
        mailing=mailing,
        throttling=throttling,
        recorder=recorder,
        ids=ids,
    )
    tokens = SessionTokens(
        access_tokens=ports.access_tokens,
        refresh_tokens=ports.refresh_tokens,
        ids=ids,
        lifetimes=rules.lifetimes,
    )
    authentication = Authentication(
        database=database, access_tokens=ports.access_tokens, clock=ports.clock
    )
    registration = Registration(
        opening=opening,
        neutral=rules.neutral_registration,
        least_answer_seconds=rules.least_answer_seconds,
    )
    opening_sessions = SessionOpening(tokens=tokens, devices=recognition, ids=ids)
    login = Login(
        database=database,
        passwords=PasswordJudgement(hasher=ports.hasher, mailing=mailing),
        sessions=opening_sessions,
        second_factor=MfaChallenging(mint=ports.mfa_secrets, policy=rules.mfa),
        throttling=throttling,
        recorder=recorder,
    )
    second_factor = SecondFactor(box=ports.secret_box)
    accounts = Accounts(database=database, paging=paging)
    kyc = KycReviewing(database=database, paging=paging, recorder=recorder, ids=ids)
    return UseCases(
        registration=registration,
        login=login,
        refresh=Refresh(
            database=database,
            refresh_tokens=ports.refresh_tokens,
            tokens=tokens,
            replays=rules.replays,
            recorder=recorder,
        ),
        logout=Logout(
            database=database,
            access_tokens=ports.access_tokens,
            refresh_tokens=ports.refresh_tokens,
            recorder=recorder,
        ),
        authentication=authentication,
        introspection=Introspection(authentication=authentication),
        accounts=accounts,
        profile=Profile(database=database, recorder=recorder),
        deletion=Deletion(database=database, recorder=recorder),
        administration=Administration(database=database, opening=opening, recorder=recorder),
        sessions=SessionControl(database=database, recorder=recorder, clock=ports.clock),
        kyc=kyc,
        audit=AuditTrail(database=database, paging=paging),
        audit_export=AuditExport(
            database=database, recorder=recorder, most_at_once=rules.most_exports
        ),
        audit_verification=AuditVerification(verifier=ports.log_verifier),
        service_tokens=ServiceTokens(
            database=database,
            access_tokens=ports.access_tokens,
            recorder=recorder,
            ids=ids,
            max_lifetime_seconds=rules.lifetimes.service_token_max_seconds,
        ),
        password_change=PasswordChange(
            database=database,
            hasher=ports.hasher,
            vetting=vetting,
            setting=setting,
            throttling=throttling,
            recorder=recorder,
        ),
        password_reset=PasswordReset(
            database=database,
            hasher=ports.hasher,
            vetting=vetting,
            tokens=ports.one_time_tokens,
            mailing=mailing,
            setting=setting,
            throttling=throttling,
            recorder=recorder,
            least_answer_seconds=rules.least_answer_seconds,
            clock=ports.clock,
            ids=ids,
        ),
        email_verification=EmailVerification(
            database=database, tokens=ports.one_time_tokens, mailing=mailing, recorder=recorder
        ),
        mfa_enrolment=MfaEnrolling(
            database=database,
            second_factor=second_factor,
            mint=ports.mfa_secrets,
            policy=rules.mfa,
            recorder=recorder,
        ),
        mfa_completion=MfaCompletion(
            database=database,
            second_factor=second_factor,
            sessions=opening_sessions,
            throttling=throttling,
            policy=rules.mfa,
            recorder=recorder,
        ),
        mfa_removal=MfaRemoval(
            database=database,
            hasher=ports.hasher,
            second_factor=second_factor,
            throttling=throttling,
            recorder=recorder,
        ),
        user_import=UserImport(
            database=database,
            hasher=ports.hasher,
            throttling=throttling,
            recorder=recorder,
            ids=ids,
        ),
        users=PlatformUserService(
            registration=registration, logins=login, accounts=accounts, kyc=kyc
        ),
        idempotency=IdempotentAnswers(
            database=ports.database, clock=ports.clock, policy=rules.idempotency
        ),
    )
