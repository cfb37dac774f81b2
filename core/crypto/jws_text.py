"""The outer form of a signed token, read more strictly than the JWT library reads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.crypto import base64url

ALGORITHM: Literal["ES256"] = "ES256"
MEDIA_TYPE = "at+jwt"
"""`typ` of an access token, RFC 9068 section 2.1."""
MAX_LENGTH = 4096
"""Longest token that is looked at, in characters; ours have about 600."""

_HEADER_NAMES = {"alg", "typ", "kid"}
_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class JwsParts:
    """What an unverified token says."""

    kid: str
    payload: Mapping[str, object]


def split(token: str) -> JwsParts:
    """Take a token apart without believing it.

    Raises:
        ValueError: it is too long, is not three strict base64url parts of JSON objects with each
            name once, or its header holds anything else than our `alg`, our `typ` and a `kid`.
            That leaves no place for keys in the header (jwk, jku, x5u, x5c) nor for `crit`.
    """
    if len(token) > MAX_LENGTH:
        raise ValueError("too long")
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise ValueError("not three parts")
    header_text, payload_text, signature_text = parts
    base64url.decode(signature_text)
    header = _json_object(base64url.decode(header_text))
    if set(header) != _HEADER_NAMES or header["alg"] != ALGORITHM or header["typ"] != MEDIA_TYPE:
        raise ValueError("another header than ours")
    kid = header["kid"]
    if not isinstance(kid, str):
        raise ValueError("a kid that is no text")  # noqa: TRY004 - one error for all that is wrong
    return JwsParts(kid=kid, payload=_json_object(base64url.decode(payload_text)))


def _json_object(data: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(
            data.decode("utf-8"), object_pairs_hook=_each_name_once, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one error for all that is wrong
    return value


def _each_name_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Parsers disagree on which of two equal names counts (RFC 8259 section 4): refuse both."""
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a name stands twice")
    return content


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
