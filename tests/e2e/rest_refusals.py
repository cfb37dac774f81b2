"""What the REST door refuses: request, status, code and reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.people import PASSWORD

INVALID: Final = (400, "INVALID_ARGUMENT")
PRECONDITION: Final = (400, "FAILED_PRECONDITION")
UNAUTHENTICATED: Final = (401, "UNAUTHENTICATED")
DENIED: Final = (403, "PERMISSION_DENIED")
NOT_FOUND: Final = (404, "NOT_FOUND")
EXISTS: Final = (409, "ALREADY_EXISTS")


@dataclass(frozen=True, kw_only=True)
class RestRefusal:
    """One request and what it is answered; `{name}` in it stands for somebody of the cast.

    `audit_rows`: how many rows the refusal is recorded with.
    """

    method: str = "POST"
    path: str
    document: Mapping[str, object] | None = None
    body: bytes | None = None
    caller: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: tuple[int, str]
    reason: str
    field: str | None = None
    audit_rows: int = 0


def _register(reason: str, /, **fields: object) -> RestRefusal:
    document = {"email": "new@example.com", "password": PASSWORD, **fields}
    return RestRefusal(
        path="/v1/auth/register",
        document=document,
        answer=INVALID,
        reason=reason,
        field=next(iter(fields)),
    )


def _raw(body: bytes, **changes: object) -> RestRefusal:
    return RestRefusal(
        path="/v1/auth/register",
        body=body,
        answer=changes.pop("answer", INVALID),  # type: ignore[arg-type]
        reason=str(changes.pop("reason", "MALFORMED_REQUEST")),
        **changes,  # type: ignore[arg-type]
    )


def _login(email: str, password: str, answer: tuple[int, str], reason: str) -> RestRefusal:
    return RestRefusal(
        path="/v1/auth/login",
        document={"email": email, "password": password},
        answer=answer,
        reason=reason,
        audit_rows=1,
    )


def _call(
    method: str,
    path: str,
    caller: str | None,
    answer: tuple[int, str],
    reason: str,
    /,
    **document: object,
) -> RestRefusal:
    body = document if method in {"POST", "PUT", "PATCH"} else None
    return RestRefusal(
        method=method, path=path, caller=caller, document=body, answer=answer, reason=reason
    )


_UNREADABLE: Final = {
    "malformed JSON": _raw(b'{"email": "new@example.com", "password":'),
    "no object": _raw(b'["email"]'),
    "a name that stands twice": _raw(b'{"email": "a@example.com", "email": "b@example.com"}'),
    "invalid UTF-8": _raw(b'{"email": "new\xff@example.com", "password": "correct horse"}'),
    "a lone surrogate": _raw(b'{"email": "a\\ud800@example.com", "password": "correct horse"}'),
    "invalid UTF-8 in the path": _call("GET", "/v1/users/%ff", "ada", INVALID, "MALFORMED_REQUEST"),
    "another media type": _raw(
        b"email=a",
        headers={"content-type": "text/plain"},
        answer=(415, "INVALID_ARGUMENT"),
        reason="UNSUPPORTED_MEDIA_TYPE",
    ),
    "a body that is too large": _raw(
        b'{"email": "' + b"a" * 100_000 + b'"}',
        answer=(413, "INVALID_ARGUMENT"),
        reason="PAYLOAD_TOO_LARGE",
    ),
    "an unknown field": _register("MALFORMED_REQUEST", is_admin=True),
    "a field of the wrong type": _register("MALFORMED_REQUEST", email=7),
    "an object in place of a text": _register("MALFORMED_REQUEST", password={"a": 1}),
    "an unknown enum value": _call(
        "PUT", "/v1/users/{bob}/kyc", "admin", INVALID, "MALFORMED_REQUEST", status="gold"
    ),
    "an unspecified enum value": _call(
        "PUT", "/v1/users/{bob}/kyc", "admin", INVALID, "MALFORMED_REQUEST", status="unspecified"
    ),
}

_BROKEN_RULES: Final = {
    "an over-long field": _register("VALIDATION_FAILED", full_name="x" * 201),
    "an over-long address": _register("VALIDATION_FAILED", email="a" * 330 + "@example.com"),
    "an over-long password": _register("VALIDATION_FAILED", password="x" * 129),
    "no address": _register("VALIDATION_FAILED", email="new.example.com"),
    "a NUL in a name": _register("VALIDATION_FAILED", full_name="a\x00b"),
    "a short password": _register("PASSWORD_TOO_WEAK", password="1234567"),
    "the role of a service": _call(
        "PUT", "/v1/users/{bob}/role", "admin", INVALID, "VALIDATION_FAILED", role="service"
    ),
    "no id": _call("GET", "/v1/users/42", "admin", INVALID, "VALIDATION_FAILED"),
    "a negative page size": _call(
        "GET", "/v1/users?page_size=-1", "admin", INVALID, "VALIDATION_FAILED"
    ),
    "a page token of somebody's own": _call(
        "GET", "/v1/users?page_token=mine", "admin", INVALID, "PAGE_TOKEN_INVALID"
    ),
}

_NOTHING_THERE: Final = {
    "an unknown route": _call("GET", "/v1/nothing", None, NOT_FOUND, "ROUTE_NOT_FOUND"),
    "an unknown verb of a route": _call(
        "POST", "/v1/users/{bob}:promote", "admin", NOT_FOUND, "ROUTE_NOT_FOUND"
    ),
    "a method that the route does not know": _call(
        "PUT", "/v1/auth/login", None, (405, "UNIMPLEMENTED"), "METHOD_NOT_ALLOWED"
    ),
    "metrics on the public port": _call("GET", "/metrics", None, NOT_FOUND, "ROUTE_NOT_FOUND"),
    "an unknown user": _call("GET", "/v1/users/{nobody}", "admin", NOT_FOUND, "USER_NOT_FOUND"),
    "a change of a deleted user": _call(
        "PATCH", "/v1/users/{deleted}", "admin", NOT_FOUND, "USER_NOT_FOUND", full_name="A"
    ),
    "an unknown session": _call(
        "DELETE", "/v1/users/me/sessions/{nobody}", "ada", NOT_FOUND, "SESSION_NOT_FOUND"
    ),
}

_CREDENTIALS: Final = {
    "a wrong password": _login("{ada_email}", "wrong", UNAUTHENTICATED, "INVALID_CREDENTIALS"),
    "an unknown address": _login(
        "nobody@example.com", PASSWORD, UNAUTHENTICATED, "INVALID_CREDENTIALS"
    ),
    "no address at all": _login("nobody", PASSWORD, UNAUTHENTICATED, "INVALID_CREDENTIALS"),
    "a deleted account": _login(
        "{deleted_email}", PASSWORD, UNAUTHENTICATED, "INVALID_CREDENTIALS"
    ),
    "a suspended account": _login("{suspended_email}", PASSWORD, DENIED, "ACCOUNT_SUSPENDED"),
    "a suspended account with a wrong password": _login(
        "{suspended_email}", "wrong", UNAUTHENTICATED, "INVALID_CREDENTIALS"
    ),
    "an unknown refresh token": RestRefusal(
        path="/v1/auth/refresh",
        document={"refresh_token": "prt_" + "A" * 43},
        answer=UNAUTHENTICATED,
        reason="REFRESH_TOKEN_INVALID",
        audit_rows=1,
    ),
    "a logout of nobody": _call("POST", "/v1/auth/logout", None, UNAUTHENTICATED, "TOKEN_MISSING"),
    "a logout with a forged token": RestRefusal(
        path="/v1/auth/logout",
        document={},
        caller="signed by a stranger",
        answer=UNAUTHENTICATED,
        reason="TOKEN_INVALID",
        audit_rows=1,
    ),
}

_TOKENS: Final = {
    f"a token that is {name}": _call("GET", "/v1/users/me", name, UNAUTHENTICATED, reason)
    for name, reason in {
        "expired": "TOKEN_EXPIRED",
        "signed by a stranger": "TOKEN_INVALID",
        "alg none": "TOKEN_INVALID",
        "HS256": "TOKEN_INVALID",
        "altered": "TOKEN_INVALID",
        "of another issuer": "TOKEN_INVALID",
        "no token at all": "TOKEN_INVALID",
        "logged_out": "SESSION_REVOKED",
        "suspended": "SESSION_REVOKED",
        "deleted": "SESSION_REVOKED",
    }.items()
} | {"no token": _call("GET", "/v1/users/me", None, UNAUTHENTICATED, "TOKEN_MISSING")}


def _forbidden(method: str, path: str, caller: str = "ada", /, **document: object) -> RestRefusal:
    return _call(method, path, caller, DENIED, "PERMISSION_DENIED", **document)


_PERMISSIONS: Final = {
    "another user's profile": _forbidden("GET", "/v1/users/{bob}"),
    "nobody's profile, before it is looked for": _forbidden("GET", "/v1/users/{nobody}"),
    "a change of another user": _forbidden("PATCH", "/v1/users/{bob}", full_name="Mine"),
    "the deletion of another user": _forbidden("DELETE", "/v1/users/{bob}"),
    "another user's sessions": _forbidden("GET", "/v1/users/{bob}/sessions"),
    "the end of another user's sessions": _forbidden("POST", "/v1/users/{bob}/sessions:revoke"),
    "a plain user's list of users": _forbidden("GET", "/v1/users"),
    "a plain user's look at the audit log": _forbidden("GET", "/v1/audit-events"),
    "a plain user who makes an administrator": _forbidden(
        "PUT", "/v1/users/{ada}/role", role="admin"
    ),
    "a plain user who verifies himself": _forbidden("PUT", "/v1/users/me/kyc", status="verified"),
    "a plain user who suspends": _forbidden("POST", "/v1/users/{bob}:suspend", reason="why not"),
    "support that changes": _forbidden("PATCH", "/v1/users/{bob}", "support", full_name="B"),
    "compliance that gives roles": _forbidden(
        "PUT", "/v1/users/{bob}/role", "compliance", role="admin"
    ),
    "an administrator's own role": _forbidden("PUT", "/v1/users/me/role", "admin", role="user"),
    "an administrator's own KYC": _forbidden(
        "PUT", "/v1/users/{admin}/kyc", "admin", status="verified"
    ),
    "a person who introspects": _forbidden("POST", "/v1/auth/introspect", token="x"),
}


def _not_now(
    method: str, path: str, caller: str, reason: str, /, **document: object
) -> RestRefusal:
    return _call(method, path, caller, PRECONDITION, reason, **document)


_STATES: Final = {
    "an address that is taken, in another letter case": RestRefusal(
        path="/v1/auth/register",
        document={"email": "{ada_email}", "password": PASSWORD},
        answer=EXISTS,
        reason="EMAIL_ALREADY_REGISTERED",
    ),
    "a KYC step that leads nowhere": _not_now(
        "PUT", "/v1/users/{bob}/kyc", "admin", "KYC_TRANSITION_NOT_ALLOWED", status="pending"
    ),
    "a KYC step that skips the review": _not_now(
        "PUT",
        "/v1/users/{verified}/kyc",
        "compliance",
        "KYC_TRANSITION_NOT_ALLOWED",
        status="rejected",
        reason="late",
    ),
    "a KYC that was not rejected, handed in again": _not_now(
        "POST", "/v1/users/me/kyc:submit", "ada", "KYC_TRANSITION_NOT_ALLOWED"
    ),
    "a rejection without a reason": _not_now(
        "PUT", "/v1/users/{bob}/kyc", "admin", "KYC_REASON_REQUIRED", status="rejected"
    ),
    "the last administrator's deletion": _not_now("DELETE", "/v1/users/me", "admin", "LAST_ADMIN"),
    "the return of an account whose address is taken": _call(
        "POST", "/v1/users/{replaced}:restore", "admin", EXISTS, "EMAIL_ALREADY_REGISTERED"
    ),
}

REST_REFUSALS: Final[Mapping[str, RestRefusal]] = (
    _UNREADABLE | _BROKEN_RULES | _NOTHING_THERE | _CREDENTIALS | _TOKENS | _PERMISSIONS | _STATES
)
