"""The inner form of an access token: claims as JSON, and back with every type checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from core.domain.access_token import SERVICE_SUBJECT_PREFIX, AccessTokenClaims
from core.domain.kyc import KycStatus
from core.domain.user import Role

_LATEST_TIME = 253_402_300_799
"""The end of the year 9999, the last second that a datetime can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedClaims:
    """Claims whose form is right; `not_before` is in seconds since 1970."""

    content: AccessTokenClaims
    not_before: int


def payload(claims: AccessTokenClaims) -> dict[str, object]:
    """Return the claims as they are signed, but for issuer and audience."""
    issued_at = int(claims.issued_at.timestamp())
    content: dict[str, object] = {
        "sub": claims.subject,
        "jti": str(claims.token_id),
        "iat": issued_at,
        "nbf": issued_at,
        "exp": int(claims.expires_at.timestamp()),
        "role": claims.role.value,
        "amr": list(claims.amr),
    }
    if claims.session_id is not None:
        content["sid"] = str(claims.session_id)
    if claims.kyc_status is not None:
        content["kyc_status"] = claims.kyc_status.value
    return content


def checked_claims(content: Mapping[str, object], *, issuer: str, audience: str) -> CheckedClaims:
    """Return the claims of a payload whose signature is right.

    Raises:
        ValueError: a claim is missing, has another type than ours, or contradicts another.
    """
    if content.get("iss") != issuer or content.get("aud") != audience:
        raise ValueError("issued by or for somebody else")
    issued_at, expires_at = _seconds(content, "iat"), _seconds(content, "exp")
    if expires_at <= issued_at:
        raise ValueError("ends before it begins")
    claims = AccessTokenClaims(
        subject=_text(content, "sub"),
        token_id=_uuid(_text(content, "jti")),
        issued_at=datetime.fromtimestamp(issued_at, UTC),
        expires_at=datetime.fromtimestamp(expires_at, UTC),
        role=Role(_text(content, "role")),
        session_id=_uuid(_text(content, "sid")) if "sid" in content else None,
        kyc_status=KycStatus(_text(content, "kyc_status")) if "kyc_status" in content else None,
        amr=_texts(content, "amr"),
    )
    _check_subject(claims)
    return CheckedClaims(content=claims, not_before=_seconds(content, "nbf"))


def _check_subject(claims: AccessTokenClaims) -> None:
    is_service = claims.role is Role.SERVICE
    if is_service != claims.subject.startswith(SERVICE_SUBJECT_PREFIX):
        raise ValueError("subject and role contradict each other")
    if is_service != (claims.session_id is None) or is_service != (claims.kyc_status is None):
        raise ValueError("a person's token has a session and a KYC status, a service's has neither")
    if claims.service_name is None:
        _uuid(claims.subject)
    elif not claims.service_name:
        raise ValueError("a service without a name")


def _text(content: Mapping[str, object], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be text")  # noqa: TRY004 - one error for all that is wrong
    return value


def _texts(content: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = content.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} must be a list of texts")
    return tuple(value)


def _seconds(content: Mapping[str, object], name: str) -> int:
    value = content.get(name)
    if type(value) is not int or not 0 <= value <= _LATEST_TIME:
        raise ValueError(f"{name} must be whole seconds since 1970")
    return value


def _uuid(text: str) -> UUID:
    value = UUID(text)
    if str(value) != text:
        raise ValueError("not the one spelling of this id")
    return value
