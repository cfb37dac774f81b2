"""Whoever holds one of our signing keys, and obeys no rule with it."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.clock import START
from tests.unit.crypto.keys import Key, as_json, b64, es256, signed_token

STRANGER: Final = ec.generate_private_key(ec.SECP256R1())
"""A key that is nobody's."""

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, kw_only=True)
class Forger:
    """Makes tokens about a person whose session is alive; `now` is in seconds since 1970.

    `key` is one that the reader knows, `expired_key` one that it does not know any more.
    """

    key: Key
    expired_key: Key
    issuer: str
    audience: str
    user: str
    session: str
    token_id: str
    now: int

    @property
    def header(self) -> Mapping[str, object]:
        return {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt"}

    @property
    def claims(self) -> Mapping[str, object]:
        return {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.user,
            "sid": self.session,
            "jti": self.token_id,
            "iat": self.now,
            "nbf": self.now,
            "exp": self.now + 900,
            "role": "user",
            "kyc_status": "pending",
            "amr": ["pwd"],
        }

    @property
    def header_text(self) -> str:
        return as_json(self.header).decode()

    @property
    def claims_text(self) -> str:
        return as_json(self.claims).decode()

    def genuine(self) -> str:
        return self.ours()

    def ours(self, claims: Mapping[str, object] | None = None, **header: object) -> str:
        """Sign with our own key, other claims and other header fields than we would write."""
        content = self.claims if claims is None else claims
        return signed_token(
            self.key.private_key, as_json({**self.header, **header}), as_json(content)
        )

    def with_claims(self, **changes: object) -> str:
        return self.ours({**self.claims, **changes})

    def without_claim(self, name: str) -> str:
        return self.ours({key: value for key, value in self.claims.items() if key != name})

    def without_header(self, name: str) -> str:
        header = {key: value for key, value in self.header.items() if key != name}
        return signed_token(self.key.private_key, as_json(header), as_json(self.claims))

    def raw(self, header: str, payload: str) -> str:
        return self.raw_bytes(header.encode(), payload.encode())

    def raw_bytes(self, header: bytes, payload: bytes) -> str:
        return signed_token(self.key.private_key, header, payload)

    def by_stranger(self, **header: object) -> str:
        return signed_token(STRANGER, as_json({**self.header, **header}), as_json(self.claims))

    def by_expired_key(self) -> str:
        header = {**self.header, "kid": self.expired_key.kid}
        return signed_token(self.expired_key.private_key, as_json(header), as_json(self.claims))

    def hs256_with_public_key(
        self, encoding: Encoding, form: PublicFormat, alg: str = "HS256"
    ) -> str:
        secret = self.key.private_key.public_key().public_bytes(encoding, form)
        signed = self._unsigned(alg)
        return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def rs256(self) -> str:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        signed = self._unsigned("RS256")
        return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"

    def es384(self, alg: str) -> str:
        key = ec.generate_private_key(ec.SECP384R1())
        signed = self._unsigned(alg)
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA384())))
        return f"{signed}.{b64(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"

    def der_signature(self) -> str:
        signed = self.genuine().rpartition(".")[0]
        return f"{signed}.{b64(self.key.private_key.sign(signed.encode(), ec.ECDSA(SHA256())))}"

    def altered_payload(self) -> str:
        header, _, signature = self.genuine().split(".")
        return f"{header}.{b64(as_json({**self.claims, 'role': 'admin'}))}.{signature}"

    def flipped_bit(self) -> str:
        token = self.genuine()
        signature = bytearray(es256(self.key.private_key, token.rpartition(".")[0].encode()))
        signature[10] ^= 1
        return with_signature(token, bytes(signature))

    def spare_bits(self) -> str:
        """Spell the signature's last letter otherwise: the same bytes to a lax reader."""
        token = self.genuine()
        return token[:-1] + _ALPHABET[_ALPHABET.index(token[-1]) ^ 1]

    def expired(self, *, seconds: int = 1) -> str:
        """Return a token whose life ended so many seconds ago; nothing else is wrong with it."""
        begin = self.now - 900 - seconds
        return self.with_claims(iat=begin, nbf=begin, exp=self.now - seconds)

    def _unsigned(self, alg: str) -> str:
        return f"{b64(as_json({**self.header, 'alg': alg}))}.{b64(as_json(self.claims))}"


def with_signature(token: str, signature: bytes) -> str:
    return f"{token.rpartition('.')[0]}.{b64(signature)}"


def own_jwk(key: ec.EllipticCurvePrivateKey) -> Mapping[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (b64(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


FORGER: Final = Forger(
    key=Key(),
    expired_key=Key(kid="key-0", expires_at=START),
    issuer="https://user.test.pandora.exchange",
    audience="pandora-exchange",
    user="0190163d-8694-739b-aea5-000000000001",
    session="0190163d-8694-739b-aea5-000000000002",
    token_id="0190163d-8694-739b-aea5-000000000003",
    now=int(START.timestamp()),
)
"""Forges for readers whose clock stands at the tests' beginning."""
