"""The fakes of the crypto ports keep the promises that the real adapters keep."""

import asyncio
import hashlib
import re
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import bcrypt
import pytest
import pytest_asyncio

from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.argon2_hasher import Argon2idHasher, Argon2Parameters
from core.crypto.background_pool import BackgroundPool
from core.crypto.breached_passwords import BreachedPasswords
from core.crypto.identifiers import MonotonicUuid7
from core.crypto.key_ring import KeyRing
from core.crypto.keyed_digests import HmacDigests
from core.crypto.one_time_tokens import DerivedOneTimeTokens
from core.crypto.page_tokens import SealedPageTokens
from core.crypto.password_screen import ListedPasswords
from core.crypto.refresh_tokens import ChainedRefreshTokens
from core.domain.access_token import AccessTokenClaims
from core.domain.errors import (
    PageTokenInvalid,
    ServerBusy,
    TokenExpired,
    TokenInvalid,
    ValidationFailed,
)
from core.domain.kyc import KycStatus
from core.domain.one_time_token import TokenPurpose
from core.domain.password_hash import Verdict
from core.domain.ports.clock import IdGenerator
from core.domain.ports.crypto import (
    AccessTokenCodec,
    KeyedDigests,
    OneTimeTokenMint,
    PageTokenCodec,
    PasswordHasher,
    RefreshTokenMint,
)
from core.domain.ports.password_screen import PasswordScreen
from core.domain.user import Role
from tests.fakes.clock import START, FakeClock
from tests.fakes.crypto import (
    FakeAccessTokenCodec,
    FakeKeyedDigests,
    FakeOneTimeTokenMint,
    FakePageTokenCodec,
    FakePasswordHasher,
    FakePasswordScreen,
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


@pytest.fixture(params=["fake", "real"])
def refresh_tokens(request: pytest.FixtureRequest) -> RefreshTokenMint:
    return FakeRefreshTokenMint() if request.param == "fake" else ChainedRefreshTokens([bytes(32)])


@pytest.fixture(params=["fake", "real"])
def page_tokens(request: pytest.FixtureRequest) -> PageTokenCodec:
    return FakePageTokenCodec() if request.param == "fake" else SealedPageTokens([bytes(32)])


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
async def test_a_judgement_tells_right_from_wrong(hasher: PasswordHasher) -> None:
    stored = await hasher.hash("correct horse")
    assert await hasher.judge(stored, "correct horse") is Verdict.RIGHT
    assert await hasher.judge(stored, "battery staple") is Verdict.WRONG
    assert await hasher.judge(None, "correct horse") is Verdict.WRONG
    assert await hasher.judge(stored, "correct horse" + "x" * 100) is Verdict.WRONG


@pytest.mark.asyncio
async def test_a_new_hash_need_not_be_made_again(hasher: PasswordHasher) -> None:
    assert not hasher.needs_rehash(await hasher.hash("correct horse"))


@pytest.mark.asyncio
async def test_a_hash_made_elsewhere_verifies_and_is_to_be_made_again(
    hasher: PasswordHasher,
) -> None:
    adopted = hasher.adopt(_foreign(hasher))
    assert await hasher.judge(adopted.stored, "correct") is Verdict.RIGHT
    assert await hasher.judge(adopted.stored, "correct?") is Verdict.WRONG
    assert hasher.needs_rehash(adopted.stored)
    assert adopted.stored not in repr(adopted)


@pytest.mark.asyncio
async def test_what_a_hash_made_elsewhere_cannot_read_lets_nobody_in(
    hasher: PasswordHasher,
) -> None:
    long = "x" * 72
    stored = hasher.adopt(_foreign(hasher, long)).stored
    assert await hasher.judge(stored, long + "beyond") is Verdict.CUT
    assert not await hasher.verify(stored, long + "beyond")


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["", "correct", "$1$md5crypt$x"])
async def test_what_is_no_hash_is_not_adopted(hasher: PasswordHasher, text: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        hasher.adopt(text)
    assert caught.value.violations[0].field == "password_hash"


def _foreign(hasher: PasswordHasher, password: str = "correct") -> str:
    if isinstance(hasher, FakePasswordHasher):
        return hasher.foreign(password)
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


@pytest.fixture(params=["fake", "real"])
def screen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PasswordScreen]:
    if request.param == "fake":
        fake = FakePasswordScreen()
        fake.breached |= {"hunter2", "\uff48\uff55nter3"}
        yield fake
        return
    digests = [
        hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()
        for password in ("hunter2", "\uff48\uff55nter3")
    ]
    file = tmp_path / "breached.txt"
    file.write_text("".join(f"{digest}:7\n" for digest in sorted(digests)))
    pool = BackgroundPool(threads=1, queue_limit=1)
    yield ListedPasswords({"password", "letmein"}, BreachedPasswords(file), pool)
    asyncio.run(pool.close())


@pytest.mark.asyncio
async def test_a_screen_knows_common_forms_and_breached_passwords(screen: PasswordScreen) -> None:
    assert screen.is_common({"password1", "password"})
    assert not screen.is_common({"hunter2"})
    assert await screen.is_breached("hunter2")
    assert await screen.is_breached("\uff48unter2")
    assert await screen.is_breached("\uff48\uff55nter3")
    assert not await screen.is_breached("hunter3")
    assert not await screen.is_breached("Hunter2")


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


def test_each_token_has_one_successor_which_its_digest_leads_back_to(
    refresh_tokens: RefreshTokenMint,
) -> None:
    chain = [refresh_tokens.new()]
    for _ in range(20):
        chain.append(refresh_tokens.successor(chain[-1]))
    assert len(set(chain)) == len(chain)
    for token, successor in pairwise(chain):
        digest = refresh_tokens.digest(successor)
        assert refresh_tokens.successor(token) == successor
        assert refresh_tokens.recover_successor(token, digest) == successor


def test_a_successor_of_another_token_is_not_recovered(refresh_tokens: RefreshTokenMint) -> None:
    one, other = refresh_tokens.new(), refresh_tokens.new()
    digest = refresh_tokens.digest(refresh_tokens.successor(other))
    assert refresh_tokens.recover_successor(one, digest) is None


def test_a_mark_depends_on_token_purpose_and_content(refresh_tokens: RefreshTokenMint) -> None:
    token = refresh_tokens.new()
    asked = [
        (token, "a", "bc"),
        (token, "ab", "c"),
        (token, "a", ""),
        (refresh_tokens.new(), "a", "bc"),
    ]
    marks = [refresh_tokens.mark(*each) for each in asked]
    assert len(set(marks)) == len(marks)
    assert marks == [refresh_tokens.mark(*each) for each in asked]
    assert all(len(mark) == 64 and set(mark) <= set("0123456789abcdef") for mark in marks)


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


@pytest.fixture(params=["fake", "real"])
def one_time_tokens(request: pytest.FixtureRequest) -> OneTimeTokenMint:
    return FakeOneTimeTokenMint() if request.param == "fake" else DerivedOneTimeTokens([bytes(32)])


def test_a_one_time_token_follows_from_id_and_purpose(one_time_tokens: OneTimeTokenMint) -> None:
    reset, verification = TokenPurpose.PASSWORD_RESET, TokenPurpose.EMAIL_VERIFICATION
    ids = FakeIds()
    one, other = ids.new_id(), ids.new_id()
    token = one_time_tokens.derive(one, reset)
    assert token == one_time_tokens.derive(one, reset)
    tokens = {one_time_tokens.derive(each, p) for each in (one, other) for p in TokenPurpose}
    assert len(tokens) == 2 * len(TokenPurpose)
    digest = one_time_tokens.digest(token)
    assert len(digest) == 64
    assert digest == one_time_tokens.digest(token)
    assert one_time_tokens.recover(one, reset, digest) == token
    assert one_time_tokens.recover(one, verification, digest) is None
    assert one_time_tokens.recover(other, reset, digest) is None


@pytest.mark.parametrize("presented", ["", "\x00", "\ud800", "x" * 5000])
def test_anything_presented_as_a_one_time_token_has_a_digest(
    one_time_tokens: OneTimeTokenMint, presented: str
) -> None:
    assert len(one_time_tokens.digest(presented)) == 64


@pytest.fixture(params=["fake", "real"])
def keyed_digests(request: pytest.FixtureRequest) -> tuple[KeyedDigests, KeyedDigests]:
    """Two with different keys."""
    if request.param == "fake":
        return FakeKeyedDigests(), FakeKeyedDigests("another key")
    return HmacDigests(b"k" * 32), HmacDigests(b"o" * 32)


def test_a_keyed_digest_stands_for_purpose_and_content_under_one_key(
    keyed_digests: tuple[KeyedDigests, KeyedDigests],
) -> None:
    one, other = keyed_digests
    digest = one.digest("account", "ada@example.com")
    assert digest == one.digest("account", "ada@example.com")
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    others = {
        other.digest("account", "ada@example.com"),
        one.digest("address", "ada@example.com"),
        one.digest("account", "bob@example.com"),
        one.digest("accountada", "@example.com"),
        one.digest("account", ""),
        one.digest("account", "\ud800"),
    }
    assert len(others) == 6
    assert digest not in others


def test_a_short_key_is_refused_and_the_old_one_stays() -> None:
    digests = HmacDigests(b"k" * 32)
    before = digests.digest("account", "ada")
    with pytest.raises(ValueError, match="32 bytes"):
        digests.replace(b"k" * 31)
    assert digests.digest("account", "ada") == before
    digests.replace(b"n" * 32)
    assert digests.digest("account", "ada") != before
