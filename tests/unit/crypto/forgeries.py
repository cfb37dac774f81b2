"""Tokens that an attacker could present, each made from a genuine one.

Where a forgery needs our own signature (a wrong audience, a claim of a wrong type), it has one: a
reader must not refuse it merely because its signature is wrong.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.crypto.forger import STRANGER, Forger, own_jwk, with_signature

CURVE_ORDER = int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)

FORGERIES: Final[Mapping[str, Callable[[Forger], str]]] = {
    # No signature, or one that everybody can make.
    "alg none, empty signature": lambda f: with_signature(f.ours(alg="none"), b""),
    "alg None": lambda f: with_signature(f.ours(alg="None"), b""),
    "alg NONE": lambda f: with_signature(f.ours(alg="NONE"), b""),
    "alg nOnE": lambda f: with_signature(f.ours(alg="nOnE"), b""),
    "alg none with our signature": lambda f: f.ours(alg="none"),
    "no signature under ES256": lambda f: with_signature(f.genuine(), b""),
    "psychic signature (r = s = 0)": lambda f: with_signature(f.genuine(), bytes(64)),
    "r = 0, s = 1": lambda f: with_signature(f.genuine(), bytes(63) + b"\x01"),
    "r and s of the group's order": lambda f: with_signature(
        f.genuine(), CURVE_ORDER.to_bytes(32, "big") * 2
    ),
    "all ones": lambda f: with_signature(f.genuine(), b"\xff" * 64),
    "DER in place of r and s": Forger.der_signature,
    "one bit of the signature": Forger.flipped_bit,
    "signature cut short": lambda f: f.genuine()[:-10],
    "signature too long": lambda f: f.genuine() + "AAAA",
    "another spelling of the signature": Forger.spare_bits,
    # Another key or algorithm than ours.
    "HS256 with the public key (PEM)": lambda f: f.hs256_with_public_key(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ),
    "HS256 with the public key (DER)": lambda f: f.hs256_with_public_key(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    ),
    "HS256 with the public point": lambda f: f.hs256_with_public_key(
        Encoding.X962, PublicFormat.UncompressedPoint
    ),
    "an HMAC called ES256": lambda f: f.hs256_with_public_key(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo, "ES256"
    ),
    "RS256": Forger.rs256,
    "ES384": lambda f: f.es384("ES384"),
    "ES384 called ES256": lambda f: f.es384("ES256"),
    "ES256K by name": lambda f: f.ours(alg="ES256K"),
    "PS256 by name": lambda f: f.ours(alg="PS256"),
    "EdDSA by name": lambda f: f.ours(alg="EdDSA"),
    "es256 in lower case": lambda f: f.ours(alg="es256"),
    "alg that is a list": lambda f: f.ours(alg=["ES256"]),
    "alg that is null": lambda f: f.ours(alg=None),
    "signed by a stranger": Forger.by_stranger,
    "a stranger's key as jwk": lambda f: f.by_stranger(jwk=own_jwk(STRANGER)),
    "a stranger's key as jwk, no kid of ours": lambda f: f.by_stranger(
        jwk=own_jwk(STRANGER), kid="stranger"
    ),
    "jku": lambda f: f.by_stranger(jku="https://attacker.example/jwks.json"),
    "x5u": lambda f: f.by_stranger(x5u="https://attacker.example/chain.pem"),
    "x5c": lambda f: f.by_stranger(x5c=["MIIB"]),
    "jwk beside our own signature": lambda f: f.ours(jwk=own_jwk(STRANGER)),
    "jku beside our own signature": lambda f: f.ours(jku="https://attacker.example/jwks.json"),
    "crit": lambda f: f.ours(crit=["exp"]),
    "b64 false": lambda f: f.ours(b64=False, crit=["b64"]),
    "zip": lambda f: f.ours(zip="DEF"),
    # The kid.
    "unknown kid": lambda f: f.ours(kid="unknown"),
    "kid of a key that has expired": Forger.by_expired_key,
    "kid that climbs directories": lambda f: f.ours(kid="../../../../dev/null"),
    "kid that is SQL": lambda f: f.ours(kid=f.key.kid + "' OR '1'='1"),
    "kid with a NUL": lambda f: f.ours(kid=f.key.kid + "\x00"),
    "kid that is empty": lambda f: f.ours(kid=""),
    "kid that is a number": lambda f: f.ours(kid=1),
    "kid that is a list": lambda f: f.ours(kid=[f.key.kid]),
    "kid that is missing": lambda f: f.without_header("kid"),
    # The type.
    "typ JWT": lambda f: f.ours(typ="JWT"),
    "typ of an id token": lambda f: f.ours(typ="id+jwt"),
    "typ AT+JWT": lambda f: f.ours(typ="AT+JWT"),
    "typ that is missing": lambda f: f.without_header("typ"),
    # Issuer and audience.
    "another issuer": lambda f: f.with_claims(iss="https://user.prod.pandora.exchange"),
    "issuer with a slash more": lambda f: f.with_claims(iss=f.issuer + "/"),
    "no issuer": lambda f: f.without_claim("iss"),
    "another audience": lambda f: f.with_claims(aud="pandora-wallet"),
    "our audience in a list": lambda f: f.with_claims(aud=[f.audience, "pandora-wallet"]),
    "no audience": lambda f: f.without_claim("aud"),
    # Times.
    "not valid yet": lambda f: f.with_claims(nbf=f.now + 60),
    "issued in the future": lambda f: f.with_claims(iat=f.now + 60, nbf=f.now, exp=f.now + 960),
    "no expiry": lambda f: f.without_claim("exp"),
    "expiry as text": lambda f: f.with_claims(exp=str(f.now + 900)),
    "expiry as a fraction": lambda f: f.with_claims(exp=f.now + 900.5),
    "expiry true": lambda f: f.with_claims(exp=True),
    "expiry null": lambda f: f.with_claims(exp=None),
    "expiry beyond time": lambda f: f.with_claims(exp=10**18),
    "expiry infinite": lambda f: f.raw(
        f.header_text, f.claims_text.replace(str(f.now + 900), "Infinity")
    ),
    "expiry with a huge exponent": lambda f: f.raw(
        f.header_text, f.claims_text.replace(str(f.now + 900), "1e400")
    ),
    "expiry before issue": lambda f: f.with_claims(iat=f.now, exp=f.now - 1),
    "iat true": lambda f: f.with_claims(iat=True),
    "nbf true": lambda f: f.with_claims(nbf=True),
    "no iat": lambda f: f.without_claim("iat"),
    "no nbf": lambda f: f.without_claim("nbf"),
    "iat before 1970": lambda f: f.with_claims(iat=-1),
    # Who.
    "no sub": lambda f: f.without_claim("sub"),
    "sub that is a number": lambda f: f.with_claims(sub=1),
    "sub that is no id": lambda f: f.with_claims(sub="admin"),
    "sub in upper case": lambda f: f.with_claims(sub=f.user.upper()),
    "sub in braces": lambda f: f.with_claims(sub="{" + f.user + "}"),
    "no jti": lambda f: f.without_claim("jti"),
    "jti that is no id": lambda f: f.with_claims(jti="1"),
    "no session": lambda f: f.without_claim("sid"),
    "session null": lambda f: f.with_claims(sid=None),
    "session that is no id": lambda f: f.with_claims(sid="x"),
    "no role": lambda f: f.without_claim("role"),
    "a role that does not exist": lambda f: f.with_claims(role="root"),
    "role as a list": lambda f: f.with_claims(role=["admin"]),
    "a person with the role of a service": lambda f: f.with_claims(role="service"),
    "a service with the role of a person": lambda f: f.with_claims(sub="service:wallet"),
    "a service with a session": lambda f: f.with_claims(sub="service:wallet", role="service"),
    "a service without a name": lambda f: f.ours(
        {
            key: value
            for key, value in {**f.claims, "sub": "service:", "role": "service"}.items()
            if key not in {"sid", "kyc_status"}
        }
    ),
    "no KYC status": lambda f: f.without_claim("kyc_status"),
    "a KYC status that does not exist": lambda f: f.with_claims(kyc_status="gold"),
    "no amr": lambda f: f.without_claim("amr"),
    "amr as text": lambda f: f.with_claims(amr="pwd"),
    "amr with numbers": lambda f: f.with_claims(amr=[1]),
    # The form.
    "payload altered": Forger.altered_payload,
    "header with alg twice": lambda f: f.raw(
        f.header_text.replace("{", '{"alg":"none",', 1), f.claims_text
    ),
    "payload with role twice": lambda f: f.raw(
        f.header_text, f.claims_text.replace("{", '{"role":"admin",', 1)
    ),
    "payload with exp twice": lambda f: f.raw(
        f.header_text, f.claims_text[:-1] + f',"exp":{f.now + 9000}}}'
    ),
    "payload that is a list": lambda f: f.raw(f.header_text, f"[{f.claims_text}]"),
    "payload that is no JSON": lambda f: f.raw(f.header_text, "role=admin"),
    "payload in Latin-1": lambda f: f.raw_bytes(
        f.header_text.encode(), f.claims_text.replace("pwd", "pwdé").encode("latin-1")
    ),
    "payload that is nested deeply": lambda f: f.raw(f.header_text, "[" * 1000 + "]" * 1000),
    "header that is a text": lambda f: f.raw('"ES256"', f.claims_text),
    "header with a byte order mark": lambda f: f.raw("\ufeff" + f.header_text, f.claims_text),
    "huge": lambda f: f.with_claims(filler="x" * 100_000),
    "a little over the limit": lambda f: f.with_claims(filler="x" * 4096),
    "empty": lambda _: "",
    "one dot": lambda f: f.genuine().rpartition(".")[0],
    "two dots alone": lambda _: "..",
    "four parts": lambda f: f.genuine() + ".e30",
    "five parts, as if encrypted": lambda f: f.genuine() + ".AAAA.AAAA",
    "a dot before": lambda f: "." + f.genuine(),
    "white space before": lambda f: " " + f.genuine(),
    "a line break after": lambda f: f.genuine() + "\n",
    "padding": lambda f: f.genuine() + "==",
    "standard base64": lambda f: f.genuine().replace("-", "+").replace("_", "/") + "+/",
    "JSON serialisation": lambda f: json.dumps(
        dict(zip(("protected", "payload", "signature"), f.genuine().split("."), strict=True))
    ),
    "not ASCII": lambda f: f.genuine()[:-1] + "é",
    "full-width dots": lambda f: f.genuine().replace(".", "\uff0e"),
    "a lone surrogate": lambda f: f.genuine() + "\ud800",
    "NUL": lambda f: f.genuine() + "\x00",
}
