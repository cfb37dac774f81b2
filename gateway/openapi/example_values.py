"""Values that read like real ones, by the name of their field; none of them belongs to anyone."""

from collections.abc import Mapping
from typing import Final

USER_ID: Final = "019a3c5e-7d20-7b41-8c11-2f6d0a9b4e57"
SESSION_ID: Final = "019a3c60-11f4-7a02-9d3e-6b1c55e0a7d8"
RECORD_ID: Final = "019a3c61-5e90-7c77-a2b4-0d94f3c81e26"
TRACE_ID: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
TIME: Final = "2026-01-31T08:00:00Z"
ME: Final = "me"

_JWT: Final = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiLigKYifQ.c2lnbmF0dXJl"
_PASSWORD: Final = "violet-kettle-93-harbour"  # noqa: S105 - an example
_NEXT_PASSWORD: Final = "amber-anchor-57-meadow"  # noqa: S105 - an example

VALUES: Final[Mapping[str, object]] = {
    "User.id": USER_ID,
    "Session.id": SESSION_ID,
    "id": RECORD_ID,
    "user_id": USER_ID,
    "user_ids": USER_ID,
    "missing_ids": RECORD_ID,
    "session_id": SESSION_ID,
    "actor_id": USER_ID,
    "resource_id": USER_ID,
    "reviewer_id": "service:kyc-provider",
    "subject": USER_ID,
    "email": "ada@example.com",
    "full_name": "Ada Lovelace",
    "password": _PASSWORD,
    "current_password": _PASSWORD,
    "new_password": _NEXT_PASSWORD,
    "access_token": _JWT,
    "token_type": "Bearer",
    "IntrospectTokenRequest.token": _JWT,
    "token": "b3BhcXVlLXRva2VuLW9mLWEtbWFpbA",
    "refresh_token": "b3BhcXVlLXJlZnJlc2gtdG9rZW4",
    "challenge_token": "b3BhcXVlLWNoYWxsZW5nZS10b2tlbg",
    "RefreshTokenRequest.request_id": "attempt-1",
    "request_id": "3f2b8c1e9d7a4f60b5c4d3e2f1a09b8c",
    "trace_id": TRACE_ID,
    "expires_in": 900,
    "refresh_expires_in": 604_800,
    "MfaChallenge.expires_in": 300,
    "totp_code": "123456",
    "recovery_code": "8Q4ZK-T2M7X-VJ5NC-WR3DH-6PYEB",
    "recovery_codes": "8Q4ZK-T2M7X-VJ5NC-WR3DH-6PYEB",
    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "otpauth_uri": "otpauth://totp/Pandora:ada%40example.com?secret=JBSWY3DPEHPK3PXP",
    "active": True,
    "current": True,
    "email_verified": True,
    "ip_address": "198.51.100.23",
    "user_agent": "Mozilla/5.0",
    "query": "ada",
    "action": "auth.login",
    "resource_type": "user",
    "reason": "The documents were checked.",
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "seal_hash": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "page_size": 50,
    "next_page_token": "",
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    "kid": "2026-01-31",
    "use": "sig",
    "alg": "ES256",
}
"""By `Message.field`, or by the field's name alone; one value where the field is repeated."""

LEFT_OUT: Final = frozenset({"deleted_at", "mfa_challenge", "page_token"})
"""Optional fields that would contradict the others in an example."""
