"""Tokens, what they say, and the keys that verify them."""

from collections.abc import Iterable
from typing import Final

from core.domain.access_token import AccessTokenClaims, PublicKey
from core.domain.session import LoginChallenge, LoginOutcome, LoginResult, TokenPair
from core.transport.mapping.enums import KYC_STATUSES, ROLES
from core.transport.mapping.times import to_timestamp
from core.transport.mapping.users import to_user
from pandora.user.v1 import auth_service_pb2

_TOKEN_TYPE: Final = "Bearer"  # noqa: S105 - a scheme's name (RFC 6750), not a token


def to_login_response(outcome: LoginOutcome) -> auth_service_pb2.LoginResponse:
    """Translate a session that was opened, or the challenge that stands before it."""
    if isinstance(outcome, LoginChallenge):
        return auth_service_pb2.LoginResponse(
            mfa_challenge=auth_service_pb2.MfaChallenge(
                challenge_token=outcome.challenge_token, expires_in=outcome.expires_in
            )
        )
    tokens = outcome.tokens
    return auth_service_pb2.LoginResponse(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        token_type=_TOKEN_TYPE,
        expires_in=tokens.expires_in,
        refresh_expires_in=tokens.refresh_expires_in,
        session_id=str(tokens.session_id),
        user=to_user(outcome.user),
    )


def to_complete_mfa_response(result: LoginResult) -> auth_service_pb2.CompleteMfaResponse:
    """Translate a session that was opened with two factors."""
    tokens = result.tokens
    return auth_service_pb2.CompleteMfaResponse(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        token_type=_TOKEN_TYPE,
        expires_in=tokens.expires_in,
        refresh_expires_in=tokens.refresh_expires_in,
        session_id=str(tokens.session_id),
        user=to_user(result.user),
    )


def to_refresh_response(tokens: TokenPair) -> auth_service_pb2.RefreshTokenResponse:
    """Translate the next pair of tokens."""
    return auth_service_pb2.RefreshTokenResponse(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        token_type=_TOKEN_TYPE,
        expires_in=tokens.expires_in,
        refresh_expires_in=tokens.refresh_expires_in,
        session_id=str(tokens.session_id),
    )


def to_introspection(
    claims: AccessTokenClaims | None,
) -> auth_service_pb2.IntrospectTokenResponse:
    """Translate what a token says; nothing but `active` where it would not be accepted."""
    if claims is None:
        return auth_service_pb2.IntrospectTokenResponse(active=False)
    return auth_service_pb2.IntrospectTokenResponse(
        active=True,
        user_id=claims.subject if claims.service_name is None else None,
        session_id=None if claims.session_id is None else str(claims.session_id),
        role=ROLES.to_wire(claims.role),
        kyc_status=None if claims.kyc_status is None else KYC_STATUSES.to_wire(claims.kyc_status),
        issued_at=to_timestamp(claims.issued_at),
        expires_at=to_timestamp(claims.expires_at),
        subject=claims.subject,
    )


def to_jwks(keys: Iterable[PublicKey]) -> auth_service_pb2.GetJwksResponse:
    """Translate public keys into a JWK Set (RFC 7517 section 5)."""
    return auth_service_pb2.GetJwksResponse(
        keys=[
            auth_service_pb2.JsonWebKey(
                kty="EC", crv="P-256", x=key.x, y=key.y, kid=key.kid, use="sig", alg="ES256"
            )
            for key in keys
        ]
    )
