"""The fakes of the crypto ports keep the promises that the real adapters keep."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.argon2_hasher import Argon2idHasher, Argon2Parameters
from core.crypto.background_pool import BackgroundPool
from core.crypto.identifiers import MonotonicUuid7
from core.crypto.key_ring import KeyRing
from core.crypto.page_tokens import SealedPageTokens
from core.crypto.refresh_tokens import RandomRefreshTokens
from core.domain.access_token import AccessTokenClaims
from core.domain.errors import PageTokenInvalid, ServerBusy, TokenExpired, TokenInvalid
from core.domain.kyc import KycStatus
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import (
    AccessTokenCodec,
    PageTokenCodec,
    PasswordHasher,
    RefreshTokenMint,
)
from core.domain.user import Role
from tests.fakes.clock import START, FakeClock
from tests.fakes.crypto import (
    FakeAccessTokenCodec,
    FakePageTokenCodec,
    FakePasswordHasher,
    FakeRefreshTokenMint,
)
from tests.fakes.ids import FakeIds
from tests.unit.crypto.keys import Key

PERSON = AccessTokenClaims(
    subject="0190163d-8694-739b-aea5-000000000001",
    token_id=UUID("0190163d-8694-739b-aea5-000000000003"),
    issued_at=START,
    expires_at=START + timedelta(seconds=900),
    role=Role.USER,
    session_id=UUID("0190163d-8694-739b-aea5-000000000002"),
    kyc_status=KycStatus.PENDING,
    amr=("pwd",),
)
SERVICE = replace(
    PERSON, subject="service:wallet", role=Role.SERVICE, session_id=None, kyc_status=None
)


@pytest_asyncio.fixture(params=["fake", "real"])
async def hasher(request: pytest.FixtureRequest) -> AsyncIterator[PasswordHasher]:
    if request.param == "fake":
        yield FakePasswordHasher()
        return
    pool = BackgroundPool(threads=1, queue_limit=1)
    parameters = Argon2Parameters(memory_kib=64, time_cost=1, parallelism=1)
    yield Argon2idHasher(parameters, pool)
    await pool.close()


@pytest_asyncio.fixture(params=["fake", "real"])
async def busy_hasher(request: pytest.FixtureRequest) -> AsyncIterator[PasswordHasher]:
    """Yield a hasher that has no place left."""
    if request.param == "fake":
        fake = FakePasswordHasher()
        fake.busy = True
        yield fake
        return
    pool = BackgroundPool(threads=1, queue_limit=0)
    hasher = Argon2idHasher(Argon2Parameters(memory_kib=64, time_cost=1, parallelism=1), pool)
    await hasher.start()
    let_go = threading.Event()
    work = asyncio.create_task(pool.run(lambda: let_go.wait(20)))
    await asyncio.sleep(0)
    assert pool.running == 1
    yield hasher
    let_go.set()
    assert await work
    await pool.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["fake", "real"])
def access_tokens(request: pytest.FixtureRequest, clock: FakeClock) -> AccessTokenCodec:
    if request.param == "fake":
        return FakeAccessTokenCodec(clock)
    return _real_access_tokens(clock)


@pytest.fixture(params=[FakeRefreshTokenMint, RandomRefreshTokens], ids=["fake", "real"])
def refresh_tokens(request: pytest.FixtureRequest) -> RefreshTokenMint:
    make: Callable[[], RefreshTokenMint] = request.param
    return make()


@pytest.fixture(params=["fake", "real"])
def page_tokens(request: pytest.FixtureRequest) -> PageTokenCodec:
    return FakePageTokenCodec() if request.param == "fake" else SealedPageTokens(bytes(32))


@pytest.fixture(params=["fake", "real"])
def ids(request: pytest.FixtureRequest, clock: FakeClock) -> IdGenerator:
    return FakeIds() if request.param == "fake" else MonotonicUuid7(clock=clock)


def _real_access_tokens(clock: FakeClock) -> AccessTokenCodec:
    return Es256AccessTokens(
        keys=KeyRing([Key()], clock=clock), issuer="https://issuer", audience="us", clock=clock
    )


@pytest.mark.asyncio
async def test_only_the_right_password_fits_its_hash(hasher: PasswordHasher) -> None:
    stored = await hasher.hash("correct horse")
    assert await hasher.verify(stored, "correct horse")
    assert not await hasher.verify(stored, "battery staple")
    assert not await hasher.verify(None, "correct horse")


@pytest.mark.asyncio
async def test_hashes_are_salted_phc_strings(hasher: PasswordHasher) -> None:
    one, other = await hasher.hash("correct horse"), await hasher.hash("correct horse")
    assert one != other
    assert one.startswith("$")
    assert "correct horse" not in one


@pytest.mark.asyncio
async def test_passwords_are_normalised_inside(hasher: PasswordHasher) -> None:
    assert await hasher.verify(await hasher.hash("pa\u0301ss"), "p\xe1ss")


@pytest.mark.asyncio
async def test_a_hasher_without_a_place_refuses_at_once(busy_hasher: PasswordHasher) -> None:
    with pytest.raises(ServerBusy):
        await busy_hasher.hash("correct horse")
    with pytest.raises(ServerBusy):
        await busy_hasher.verify(None, "correct horse")


@pytest.mark.parametrize("claims", [PERSON, SERVICE], ids=["person", "service"])
def test_claims_come_back_in_whole_seconds(
    access_tokens: AccessTokenCodec, claims: AccessTokenClaims
) -> None:
    read = access_tokens.read(access_tokens.issue(claims))
    assert read == replace(
        claims,
        issued_at=claims.issued_at.replace(microsecond=0),
        expires_at=claims.expires_at.replace(microsecond=0),
    )


def test_a_token_ends_at_its_whole_second(
    access_tokens: AccessTokenCodec, clock: FakeClock
) -> None:
    token = access_tokens.issue(PERSON)
    clock.set(PERSON.expires_at.replace(microsecond=0) - timedelta(microseconds=1))
    access_tokens.read(token)
    clock.advance(0.000001)
    with pytest.raises(TokenExpired):
        access_tokens.read(token)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "access-token-99", "\ud800"])
def test_what_was_not_issued_is_invalid(access_tokens: AccessTokenCodec, token: str) -> None:
    with pytest.raises(TokenInvalid):
        access_tokens.read(token)


def test_there_is_always_a_public_key(access_tokens: AccessTokenCodec) -> None:
    assert access_tokens.public_keys()


def test_refresh_tokens_are_never_repeated(refresh_tokens: RefreshTokenMint) -> None:
    made = [refresh_tokens.new() for _ in range(100)]
    assert len(set(made)) == len(made)
    assert len({refresh_tokens.digest(token) for token in made}) == len(made)


def test_a_digest_is_lower_case_hex_and_always_the_same(refresh_tokens: RefreshTokenMint) -> None:
    digest = refresh_tokens.digest("presented")
    assert digest == refresh_tokens.digest("presented")
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


def test_a_page_token_leads_back_to_its_position(page_tokens: PageTokenCodec) -> None:
    token = page_tokens.encode("after this", {"role": "admin", "query": "ada"})
    assert page_tokens.decode(token, {"query": "ada", "role": "admin"}) == "after this"


@pytest.mark.parametrize("filters", [{}, {"role": "user"}, {"role": "admin", "query": ""}])
def test_a_page_token_is_refused_under_other_filters(
    page_tokens: PageTokenCodec, filters: dict[str, str]
) -> None:
    token = page_tokens.encode("after this", {"role": "admin"})
    with pytest.raises(PageTokenInvalid):
        page_tokens.decode(token, filters)


@pytest.mark.parametrize("token", ["", "x", "AAAA", "!", "é"])
def test_a_page_token_that_was_not_issued_is_refused(
    page_tokens: PageTokenCodec, token: str
) -> None:
    with pytest.raises(PageTokenInvalid):
        page_tokens.decode(token, {})


def test_ids_are_uuids_of_version_7_that_increase(ids: IdGenerator) -> None:
    made = [ids.new_id() for _ in range(100)]
    assert made == sorted(set(made))
    assert {value.version for value in made} == {7}
