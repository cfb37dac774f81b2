"""Keeps secrets and personal data out of logs: by the name of a field, and by the look of a text.

Names alone would miss an address inside an exception's message; looks alone would miss a password.
"""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

from core.observability.addresses import shorten_addresses

MASK: Final = "[redacted]"
MAX_TEXT_LENGTH: Final = 16_384
"""Longer texts are cut, so that one line cannot fill a disk."""

_MAX_DEPTH = 6

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:passwords?|passwd|passphrase|secrets?|tokens?|authorization|cookies?|credentials?"
    r"|e?mails?|email_key|email_address|hash|hashes|digests?|pem|private_key|key_material|api_key"
    r"|secret_id|full_name|otp|otpauth_uri|totp_code|recovery_codes?)$"
)
"""A name that ends in one of these words holds something that nobody may read in a log."""

_PATTERNS: Final = (
    # A key in PEM form, to its end or to the end of the text.
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL),
    # User information of a URL.
    re.compile(r"(?<=://)[^\s/@]{1,256}@"),
    # What follows the name of a secret: `password=…`, `"token": "…"`.
    re.compile(
        r"(?i)(?<![a-z])(?:password|passwd|pwd|secret|secret_id|token|authorization)"
        r"[\"']?\s?[=:]\s?(?:bearer\s)?[\"']?[^\s\"',;&)]+"
    ),
    re.compile(r"(?i)\bbearer\s+[^\s\"',;]+"),
    # JWTs, also cut ones: `eyJ` is how base64url writes the beginning of a JSON object.
    re.compile(r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}"),
    # Refresh tokens, one-time tokens, challenges of the second factor, Vault's tokens.
    re.compile(r"p(?:[ro]t|mc)_[A-Za-z0-9_-]+"),
    re.compile(r"\b(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}"),
    # The second factor's secret as a QR code holds it, and recovery codes.
    re.compile(r"otpauth://[^\s\"',;]+"),
    re.compile(r"(?i)\b(?:[0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}\b"),
    # Password hashes: PHC strings, bcrypt, Django.
    re.compile(r"\$(?:argon2(?:id|i|d)|scrypt|pbkdf2[a-z0-9-]*|2[abxy]?)\$[^\s\"',;]+"),
    re.compile(r"\b(?:pbkdf2_sha\d+|bcrypt_sha256|argon2|scrypt)\$[^\s\"',;]+"),
    # E-mail addresses of any script.
    re.compile(r"[^\s@\"'<>(),:;=\[\]{}]{0,64}@[^\s@\"'<>(),:;=\[\]{}]{1,255}"),
)

_SUSPICION = re.compile(
    r"[@$=:]|eyJ|p[ro]t_|pmc_|PRIVATE KEY|[Bb][Ee][Aa][Rr][Ee][Rr]|\d\.\d"
    r"|\b(?:hv)?[sbr]\.[A-Za-z0-9_-]{20}|\b[0-9A-Za-z]{5}-[0-9A-Za-z]{5}-[0-9A-Za-z]{5}-"
)
"""Whatever a pattern or an address needs at least; most texts have none of it, and pass at once."""


def redact_fields(fields: Mapping[str, object], *, depth: int = 0) -> dict[str, object]:
    """Return a copy of a mapping: fields with a secret's name masked, everything else looked into.

    None and truth values stay, as they tell that something is missing and not what it is.
    """
    redacted: dict[str, object] = {}
    for name, value in fields.items():
        shown_name, is_secret = _judge_name(name)
        if is_secret and value is not None and not isinstance(value, bool):
            redacted[shown_name] = MASK
        else:
            redacted[shown_name] = redact(value, depth=depth)
    return redacted


def redact(value: object, *, depth: int = 0) -> object:
    """Return a copy of a value in plain JSON types, with everything masked that looks secret.

    Whatever is not a number, a text, a list or a mapping becomes its `str`.
    """
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return _redact_structure(value, depth)


def redact_text(text: str) -> str:
    """Mask tokens, hashes, keys and e-mail addresses, and shorten IP addresses."""
    if len(text) > MAX_TEXT_LENGTH:
        text = f"{text[:MAX_TEXT_LENGTH]}… [{len(text) - MAX_TEXT_LENGTH} characters more]"
    if not _SUSPICION.search(text):
        return text
    for pattern in _PATTERNS:
        text = pattern.sub(MASK, text)
    return shorten_addresses(text)


def _redact_structure(value: object, depth: int) -> object:
    if depth >= _MAX_DEPTH:
        return "[too deep]"
    if isinstance(value, Mapping):
        return redact_fields({str(name): item for name, item in value.items()}, depth=depth + 1)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, Sequence | set | frozenset):
        return [redact(item, depth=depth + 1) for item in value]
    try:
        return redact_text(str(value))
    except Exception:  # noqa: BLE001 - a log line must come out whatever it is given
        return f"[{type(value).__name__}]"


@functools.lru_cache(maxsize=1024)
def _judge_name(name: str) -> tuple[str, bool]:
    """Return a field's name as it may be shown, and whether it announces a secret."""
    return redact_text(name), bool(_SECRET_NAME.search(name.lower().replace("-", "_")))
