"""All use cases, put together over the ports."""

from dataclasses import dataclass

from core.domain.password import PasswordPolicy
from core.domain.ports.clock import Clock, IdGenerator
from core.domain.ports.crypto import (
    AccessTokenCodec,
    PageTokenCodec,
    PasswordHasher,
    RefreshTokenMint,
)
from core.domain.ports.unit_of_work import Database
from core.domain.ports.user_service import UserService
from core.domain.session import SessionLifetimes
from core.service.account_opening import AccountOpening
from core.service.accounts import Accounts
from core.service.administration import Administration
from core.service.audit_trail import AuditTrail
from core.service.authentication import Authentication
from core.service.deletion import Deletion
from core.service.introspection import Introspection
from core.service.kyc_review import KycReviewing
from core.service.login import Login
from core.service.logout import Logout
from core.service.paging import Paging
from core.service.profile import Profile
from core.service.recording import Recorder
from core.service.refresh import Refresh
from core.service.registration import Registration
from core.service.service_tokens import ServiceTokens
from core.service.session_control import SessionControl
from core.service.session_tokens import SessionTokens
from core.service.user_service import PlatformUserService


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the use cases need of the outside world."""

    database: Database
    clock: Clock
    ids: IdGenerator
    hasher: PasswordHasher
    access_tokens: AccessTokenCodec
    refresh_tokens: RefreshTokenMint
    page_tokens: PageTokenCodec


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
    service_tokens: ServiceTokens
    users: UserService


def assemble(ports: Ports, *, policy: PasswordPolicy, lifetimes: SessionLifetimes) -> UseCases:
    """Put the use cases together; nothing is connected or started by it."""
    database, ids = ports.database, ports.ids
    recorder = Recorder(clock=ports.clock, ids=ids)
    paging = Paging(codec=ports.page_tokens)
    opening = AccountOpening(
        database=database, hasher=ports.hasher, policy=policy, recorder=recorder, ids=ids
    )
    tokens = SessionTokens(
        access_tokens=ports.access_tokens,
        refresh_tokens=ports.refresh_tokens,
        ids=ids,
        lifetimes=lifetimes,
    )
    authentication = Authentication(
        database=database, access_tokens=ports.access_tokens, clock=ports.clock
    )
    registration = Registration(opening=opening)
    login = Login(database=database, hasher=ports.hasher, tokens=tokens, recorder=recorder, ids=ids)
    accounts = Accounts(database=database, paging=paging)
    kyc = KycReviewing(database=database, paging=paging, recorder=recorder, ids=ids)
    return UseCases(
        registration=registration,
        login=login,
        refresh=Refresh(
            database=database,
            refresh_tokens=ports.refresh_tokens,
            tokens=tokens,
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
        service_tokens=ServiceTokens(
            database=database, access_tokens=ports.access_tokens, recorder=recorder, ids=ids
        ),
        users=PlatformUserService(
            registration=registration, logins=login, accounts=accounts, kyc=kyc
        ),
    )
