"""Tokens that an attacker could present, each made from a genuine one.

Where a forgery needs our own signature (a wrong audience, a claim of a wrong type), it has one: a
reader must not refuse it merely because its signature is wrong.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.clock import START
from tests.unit.crypto.keys import Key, as_json, b64, es256, signed_token

ISSUER: Final = "https://user.test.pandora.exchange"
AUDIENCE: Final = "pandora-exchange"
NOW: Final = int(START.timestamp())
USER: Final = "0190163d-8694-739b-aea5-000000000001"
SESSION: Final = "0190163d-8694-739b-aea5-000000000002"
TOKEN_ID: Final = "0190163d-8694-739b-aea5-000000000003"

OURS: Final = Key()
EXPIRED_KEY: Final = Key(kid="key-0", expires_at=START)
STRANGER: Final = ec.generate_private_key(ec.SECP256R1())
HEADER: Final = {"alg": "ES256", "kid": "key-1", "typ": "at+jwt"}
CLAIMS: Final[Mapping[str, object]] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": USER,
    "sid": SESSION,
    "jti": TOKEN_ID,
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 900,
    "role": "user",
    "kyc_status": "pending",
    "amr": ["pwd"],
}


def genuine() -> str:
    return ours()


def ours(claims: Mapping[str, object] | None = None, **header: object) -> str:
    """Sign with our own key, other claims and other header fields than we would write."""
    content = CLAIMS if claims is None else claims
    return signed_token(OURS.private_key, as_json(HEADER | header), as_json(content))


def with_claims(**changes: object) -> str:
    return ours({**CLAIMS, **changes})


def without_claim(name: str) -> str:
    return ours({key: value for key, value in CLAIMS.items() if key != name})


def raw(header: str, payload: str) -> str:
    return signed_token(OURS.private_key, header.encode(), payload.encode())


def with_signature(token: str, signature: bytes) -> str:
    return f"{token.rpartition('.')[0]}.{b64(signature)}"


def hs256_with_public_key(encoding: Encoding, form: PublicFormat, alg: str = "HS256") -> str:
    secret = OURS.private_key.public_key().public_bytes(encoding, form)
    signed = f"{b64(as_json(HEADER | {'alg': alg}))}.{b64(as_json(CLAIMS))}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def own_jwk(key: ec.EllipticCurvePrivateKey) -> Mapping[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (b64(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def by_stranger(**header: object) -> str:
    return signed_token(STRANGER, as_json(HEADER | header), as_json(CLAIMS))


def rs256() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signed = f"{b64(as_json(HEADER | {'alg': 'RS256'}))}.{b64(as_json(CLAIMS))}"
    return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def es384(alg: str) -> str:
    key = ec.generate_private_key(ec.SECP384R1())
    signed = f"{b64(as_json(HEADER | {'alg': alg}))}.{b64(as_json(CLAIMS))}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(SHA384())))
    return f"{signed}.{b64(r.to_bytes(48, 'big') + s.to_bytes(48, 'big'))}"


def der_signature() -> str:
    signed = genuine().rpartition(".")[0]
    return f"{signed}.{b64(OURS.private_key.sign(signed.encode(), ec.ECDSA(SHA256())))}"


def altered_payload() -> str:
    header, _, signature = genuine().split(".")
    return f"{header}.{b64(as_json({**CLAIMS, 'role': 'admin'}))}.{signature}"


def flipped_bit() -> str:
    token = genuine()
    signature = bytearray(es256(OURS.private_key, token.rpartition(".")[0].encode()))
    signature[10] ^= 1
    return with_signature(token, bytes(signature))


def spare_bits() -> str:
    """Spell the signature's last letter with other spare bits: the same bytes to a lax reader."""
    token = genuine()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


CURVE_ORDER = int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)
HEADER_TEXT = as_json(HEADER).decode()
CLAIMS_TEXT = as_json(CLAIMS).decode()

FORGERIES: Final[Mapping[str, Callable[[], str]]] = {
    # No signature, or one that everybody can make.
    "alg none, empty signature": lambda: with_signature(ours(alg="none"), b""),
    "alg None": lambda: with_signature(ours(alg="None"), b""),
    "alg NONE": lambda: with_signature(ours(alg="NONE"), b""),
    "alg nOnE": lambda: with_signature(ours(alg="nOnE"), b""),
    "alg none with our signature": lambda: ours(alg="none"),
    "no signature under ES256": lambda: with_signature(genuine(), b""),
    "psychic signature (r = s = 0)": lambda: with_signature(genuine(), bytes(64)),
    "r = 0, s = 1": lambda: with_signature(genuine(), bytes(63) + b"\x01"),
    "r and s of the group's order": lambda: with_signature(
        genuine(), CURVE_ORDER.to_bytes(32, "big") * 2
    ),
    "all ones": lambda: with_signature(genuine(), b"\xff" * 64),
    "DER in place of r and s": der_signature,
    "one bit of the signature": flipped_bit,
    "signature cut short": lambda: genuine()[:-10],
    "signature too long": lambda: genuine() + "AAAA",
    "another spelling of the signature": spare_bits,
    # Another key or algorithm than ours.
    "HS256 with the public key (PEM)": lambda: hs256_with_public_key(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ),
    "HS256 with the public key (DER)": lambda: hs256_with_public_key(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ),
    "HS256 with the public point": lambda: hs256_with_public_key(
        Encoding.X962, PublicFormat.UncompressedPoint
    ),
    "an HMAC called ES256": lambda: hs256_with_public_key(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo, "ES256"
    ),
    "RS256": rs256,
    "ES384": lambda: es384("ES384"),
    "ES384 called ES256": lambda: es384("ES256"),
    "ES256K by name": lambda: ours(alg="ES256K"),
    "PS256 by name": lambda: ours(alg="PS256"),
    "EdDSA by name": lambda: ours(alg="EdDSA"),
    "es256 in lower case": lambda: ours(alg="es256"),
    "alg that is a list": lambda: ours(alg=["ES256"]),
    "alg that is null": lambda: ours(alg=None),
    "signed by a stranger": by_stranger,
    "a stranger's key as jwk": lambda: by_stranger(jwk=own_jwk(STRANGER)),
    "a stranger's key as jwk, no kid of ours": lambda: by_stranger(
        jwk=own_jwk(STRANGER), kid="stranger"
    ),
    "jku": lambda: by_stranger(jku="https://attacker.example/jwks.json"),
    "x5u": lambda: by_stranger(x5u="https://attacker.example/chain.pem"),
    "x5c": lambda: by_stranger(x5c=["MIIB"]),
    "jwk beside our own signature": lambda: ours(jwk=own_jwk(STRANGER)),
    "jku beside our own signature": lambda: ours(jku="https://attacker.example/jwks.json"),
    "crit": lambda: ours(crit=["exp"]),
    "b64 false": lambda: ours(b64=False, crit=["b64"]),
    "zip": lambda: ours(zip="DEF"),
    # The kid.
    "unknown kid": lambda: ours(kid="key-2"),
    "kid of a key that has expired": lambda: signed_token(
        EXPIRED_KEY.private_key, as_json(HEADER | {"kid": "key-0"}), as_json(CLAIMS)
    ),
    "kid that climbs directories": lambda: ours(kid="../../../../dev/null"),
    "kid that is SQL": lambda: ours(kid="key-1' OR '1'='1"),
    "kid with a NUL": lambda: ours(kid="key-1\x00"),
    "kid that is empty": lambda: ours(kid=""),
    "kid that is a number": lambda: ours(kid=1),
    "kid that is a list": lambda: ours(kid=["key-1"]),
    "kid that is missing": lambda: signed_token(
        OURS.private_key, as_json({"alg": "ES256", "typ": "at+jwt"}), as_json(CLAIMS)
    ),
    # The type.
    "typ JWT": lambda: ours(typ="JWT"),
    "typ of an id token": lambda: ours(typ="id+jwt"),
    "typ AT+JWT": lambda: ours(typ="AT+JWT"),
    "typ that is missing": lambda: signed_token(
        OURS.private_key, as_json({"alg": "ES256", "kid": "key-1"}), as_json(CLAIMS)
    ),
    # Issuer and audience.
    "another issuer": lambda: with_claims(iss="https://user.prod.pandora.exchange"),
    "issuer with a slash more": lambda: with_claims(iss=ISSUER + "/"),
    "no issuer": lambda: without_claim("iss"),
    "another audience": lambda: with_claims(aud="pandora-wallet"),
    "our audience in a list": lambda: with_claims(aud=[AUDIENCE, "pandora-wallet"]),
    "no audience": lambda: without_claim("aud"),
    # Times.
    "not valid yet": lambda: with_claims(nbf=NOW + 60),
    "issued in the future": lambda: with_claims(iat=NOW + 60, nbf=NOW, exp=NOW + 960),
    "no expiry": lambda: without_claim("exp"),
    "expiry as text": lambda: with_claims(exp=str(NOW + 900)),
    "expiry as a fraction": lambda: with_claims(exp=NOW + 900.5),
    "expiry true": lambda: with_claims(exp=True),
    "expiry null": lambda: with_claims(exp=None),
    "expiry beyond time": lambda: with_claims(exp=10**18),
    "expiry infinite": lambda: raw(HEADER_TEXT, CLAIMS_TEXT.replace(str(NOW + 900), "Infinity")),
    "expiry with a huge exponent": lambda: raw(
        HEADER_TEXT, CLAIMS_TEXT.replace(str(NOW + 900), "1e400")
    ),
    "expiry before issue": lambda: with_claims(iat=NOW, exp=NOW - 1),
    "no iat": lambda: without_claim("iat"),
    "iat true": lambda: with_claims(iat=True),
    "nbf true": lambda: with_claims(nbf=True),
    "no nbf": lambda: without_claim("nbf"),
    "iat before 1970": lambda: with_claims(iat=-1),
    # Who.
    "no sub": lambda: without_claim("sub"),
    "sub that is a number": lambda: with_claims(sub=1),
    "sub that is no id": lambda: with_claims(sub="admin"),
    "sub in upper case": lambda: with_claims(sub=USER.upper()),
    "sub in braces": lambda: with_claims(sub="{" + USER + "}"),
    "no jti": lambda: without_claim("jti"),
    "jti that is no id": lambda: with_claims(jti="1"),
    "no session": lambda: without_claim("sid"),
    "session null": lambda: with_claims(sid=None),
    "session that is no id": lambda: with_claims(sid="x"),
    "no role": lambda: without_claim("role"),
    "a role that does not exist": lambda: with_claims(role="root"),
    "role as a list": lambda: with_claims(role=["admin"]),
    "a person with the role of a service": lambda: with_claims(role="service"),
    "a service with the role of a person": lambda: with_claims(sub="service:wallet"),
    "a service with a session": lambda: with_claims(sub="service:wallet", role="service"),
    "a service without a name": lambda: ours(
        {
            key: value
            for key, value in {**CLAIMS, "sub": "service:", "role": "service"}.items()
            if key not in {"sid", "kyc_status"}
        }
    ),
    "no KYC status": lambda: without_claim("kyc_status"),
    "a KYC status that does not exist": lambda: with_claims(kyc_status="gold"),
    "no amr": lambda: without_claim("amr"),
    "amr as text": lambda: with_claims(amr="pwd"),
    "amr with numbers": lambda: with_claims(amr=[1]),
    # The form.
    "payload altered": altered_payload,
    "header with alg twice": lambda: raw(
        HEADER_TEXT.replace("{", '{"alg":"none",', 1), CLAIMS_TEXT
    ),
    "payload with role twice": lambda: raw(
        HEADER_TEXT, CLAIMS_TEXT.replace("{", '{"role":"admin",', 1)
    ),
    "payload with exp twice": lambda: raw(HEADER_TEXT, CLAIMS_TEXT[:-1] + f',"exp":{NOW + 9000}}}'),
    "payload that is a list": lambda: raw(HEADER_TEXT, f"[{CLAIMS_TEXT}]"),
    "payload that is no JSON": lambda: raw(HEADER_TEXT, "role=admin"),
    "payload in Latin-1": lambda: signed_token(
        OURS.private_key, as_json(HEADER), CLAIMS_TEXT.replace("pwd", "pwdé").encode("latin-1")
    ),
    "payload that is nested deeply": lambda: raw(HEADER_TEXT, "[" * 1000 + "]" * 1000),
    "header that is a text": lambda: raw('"ES256"', CLAIMS_TEXT),
    "header with a byte order mark": lambda: raw("\ufeff" + HEADER_TEXT, CLAIMS_TEXT),
    "huge": lambda: with_claims(filler="x" * 100_000),
    "a little over the limit": lambda: with_claims(filler="x" * 4096),
    "empty": lambda: "",
    "one dot": lambda: genuine().rpartition(".")[0],
    "two dots alone": lambda: "..",
    "four parts": lambda: genuine() + ".e30",
    "five parts, as if encrypted": lambda: genuine() + ".AAAA.AAAA",
    "a dot before": lambda: "." + genuine(),
    "white space before": lambda: " " + genuine(),
    "a line break after": lambda: genuine() + "\n",
    "padding": lambda: genuine() + "==",
    "standard base64": lambda: genuine().replace("-", "+").replace("_", "/") + "+/",
    "JSON serialisation": lambda: json.dumps(
        dict(zip(("protected", "payload", "signature"), genuine().split("."), strict=True))
    ),
    "not ASCII": lambda: genuine()[:-1] + "é",
    "full-width dots": lambda: genuine().replace(".", "\uff0e"),
    "a lone surrogate": lambda: genuine() + "\ud800",
    "NUL": lambda: genuine() + "\x00",
}
