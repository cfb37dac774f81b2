"""What is remembered of a token, and that it opens nothing that the token would not."""

from datetime import timedelta
from uuid import UUID

import jwt
import pytest

from core.crypto import access_tokens
from core.crypto.access_tokens import Es256AccessTokens
from core.crypto.key_ring import KeyRing
from core.crypto.verified_tokens import VerifiedTokens
from core.domain.access_token import AccessTokenClaims
from core.domain.errors import TokenExpired, TokenInvalid
from core.domain.kyc import KycStatus
from core.domain.user import Role
from tests.fakes.clock import START, FakeClock
from tests.unit.crypto.keys import Key

BEGIN = START.replace(microsecond=0)
LIFETIME = timedelta(seconds=900)
CLAIMS = AccessTokenClaims(
    subject="0190163d-8694-739b-aea5-000000000001",
    token_id=UUID("0190163d-8694-739b-aea5-000000000003"),
    issued_at=BEGIN,
    expires_at=BEGIN + LIFETIME,
    role=Role.USER,
    session_id=UUID("0190163d-8694-739b-aea5-000000000002"),
    kyc_status=KycStatus.VERIFIED,
    amr=("pwd",),
)


class Scene:
    """A codec, its keys and its clock, and a count of the signatures that it has verified."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock()
        self.key = Key(signs_from=BEGIN - timedelta(hours=1))
        self.keys = KeyRing([self.key], clock=self.clock)
        self.codec = Es256AccessTokens(
            keys=self.keys, issuer="https://issuer.test", audience="all", clock=self.clock
        )
        self.verified = 0
        verify = jwt.PyJWS.decode

        def counted(*args: object, **options: object) -> object:
            self.verified += 1
            return verify(*args, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(
            access_tokens._VERIFIER, "decode", counted.__get__(access_tokens._VERIFIER)
        )


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(monkeypatch)


def test_a_signature_is_verified_once(scene: Scene) -> None:
    token = scene.codec.issue(CLAIMS)
    assert [scene.codec.read(token) for _ in range(5)] == [CLAIMS] * 5
    assert scene.verified == 1


def test_a_token_that_is_remembered_expires_to_the_second(scene: Scene) -> None:
    token = scene.codec.issue(CLAIMS)
    assert scene.codec.read(token) == CLAIMS
    scene.clock.set(BEGIN + LIFETIME - timedelta(microseconds=1))
    assert scene.codec.read(token) == CLAIMS
    scene.clock.set(BEGIN + LIFETIME)
    with pytest.raises(TokenExpired):
        scene.codec.read(token)


def test_a_token_that_is_remembered_is_not_valid_before_its_time(scene: Scene) -> None:
    token = scene.codec.issue(CLAIMS)
    assert scene.codec.read(token) == CLAIMS
    scene.clock.set(BEGIN - timedelta(seconds=6))
    with pytest.raises(TokenInvalid):
        scene.codec.read(token)


def test_a_key_that_is_taken_away_takes_what_is_remembered_with_it(scene: Scene) -> None:
    token = scene.codec.issue(CLAIMS)
    assert scene.codec.read(token) == CLAIMS
    scene.keys.replace([Key(kid="key-2", signs_from=BEGIN - timedelta(hours=1))])
    with pytest.raises(TokenInvalid):
        scene.codec.read(token)


def test_a_key_of_the_same_name_is_another_key(scene: Scene) -> None:
    token = scene.codec.issue(CLAIMS)
    assert scene.codec.read(token) == CLAIMS
    scene.keys.replace([Key(kid=scene.key.kid, signs_from=BEGIN - timedelta(hours=1))])
    with pytest.raises(TokenInvalid):
        scene.codec.read(token)


def test_a_key_that_has_expired_verifies_nothing_that_is_remembered(scene: Scene) -> None:
    first = Key(signs_from=BEGIN - timedelta(hours=1), expires_at=BEGIN + timedelta(seconds=60))
    scene.keys.replace([first, Key(kid="key-2", signs_from=BEGIN + timedelta(seconds=30))])
    token = scene.codec.issue(CLAIMS)
    assert scene.codec.read(token) == CLAIMS
    scene.clock.set(BEGIN + timedelta(seconds=60))
    with pytest.raises(TokenInvalid):
        scene.codec.read(token)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["header", "claims", "signature"])
def test_a_token_that_differs_in_one_character_is_another_token(scene: Scene, part: int) -> None:
    token = scene.codec.issue(CLAIMS)
    assert scene.codec.read(token) == CLAIMS
    parts = token.split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    with pytest.raises(TokenInvalid):
        scene.codec.read(".".join(parts))


def test_what_is_refused_is_not_remembered_as_good(scene: Scene) -> None:
    stranger = Es256AccessTokens(
        keys=KeyRing([Key(signs_from=BEGIN - timedelta(hours=1))], clock=scene.clock),
        issuer="https://issuer.test",
        audience="all",
        clock=scene.clock,
    )
    token = stranger.issue(CLAIMS)
    for _ in range(3):
        with pytest.raises(TokenInvalid):
            scene.codec.read(token)
    assert scene.verified == 3


def test_the_memory_is_bounded_and_the_oldest_gives_way() -> None:
    memory: VerifiedTokens[int] = VerifiedTokens(capacity=3)
    for number in range(5):
        memory.put(f"token {number}", number)
    assert [memory.get(f"token {number}") for number in range(5)] == [None, None, 2, 3, 4]


def test_what_is_put_again_takes_no_second_place() -> None:
    memory: VerifiedTokens[int] = VerifiedTokens(capacity=2)
    memory.put("a", 1)
    memory.put("b", 2)
    memory.put("b", 3)
    assert (memory.get("a"), memory.get("b")) == (1, 3)


def test_the_memory_holds_no_token() -> None:
    memory: VerifiedTokens[int] = VerifiedTokens()
    memory.put("secret.token.text", 1)
    memory.forget("another")
    assert "secret" not in repr(vars(memory))
    memory.forget("secret.token.text")
    assert memory.get("secret.token.text") is None
