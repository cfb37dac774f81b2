"""What each kind of operation leaves behind when it is done, and what it may leave when refused."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tests.faults.evidence import AuditRow

SESSION_REVOKED: Final = "session.revoked"


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The action that is audited, and the events of it.

    `ends_sessions`: one more event for each session that the audit row counts. `is_idempotent`:
    asked for what is so already, it is acknowledged and leaves nothing.
    """

    action: str
    event: str | None = None
    ends_sessions: bool = False
    ends_a_session: bool = False
    is_idempotent: bool = False

    def events(self, row: AuditRow) -> Counter[str]:
        """Return how many events of which type belong to a row that tells of success."""
        expected = Counter[str]()
        if self.event is not None:
            expected[self.event] += 1
        if self.ends_sessions:
            expected[SESSION_REVOKED] += int(row.details.get("revoked_sessions", 0))
        if self.ends_a_session and not row.details.get("already_ended"):
            expected[SESSION_REVOKED] += 1
        return +expected


EXPECTATIONS: Final[Mapping[str, Expectation]] = {
    "register": Expectation(action="user.register", event="user.created"),
    "login": Expectation(action="auth.login", event="session.created"),
    "failed login": Expectation(action="auth.login"),
    "refresh": Expectation(action="auth.refresh"),
    "logout": Expectation(action="auth.logout", ends_a_session=True),
    "revoke session": Expectation(action="session.revoke", ends_a_session=True, is_idempotent=True),
    "revoke sessions": Expectation(action="session.revoke", ends_sessions=True, is_idempotent=True),
    "update": Expectation(action="user.update", event="user.updated"),
    "change password": Expectation(
        action="password.change", event="user.password_changed", ends_sessions=True
    ),
    "enrol totp": Expectation(action="mfa.enroll"),
    "submit kyc": Expectation(action="kyc.submit", event="user.kyc_updated"),
    "update kyc": Expectation(action="kyc.update", event="user.kyc_updated"),
    "kyc decided elsewhere": Expectation(action="kyc.update", event="user.kyc_updated"),
    "suspend": Expectation(
        action="user.suspend", event="user.suspended", ends_sessions=True, is_idempotent=True
    ),
    "reactivate": Expectation(
        action="user.reactivate", event="user.reactivated", is_idempotent=True
    ),
    "delete": Expectation(action="user.delete", event="user.deleted", ends_sessions=True),
    "restore": Expectation(action="user.restore", event="user.restored", is_idempotent=True),
    "set role": Expectation(action="user.set_role", event="user.role_changed", is_idempotent=True),
}

BY_THE_WAY: Final = frozenset({"security.new_device"})
"""Events that a login may have beside its own."""

OF_REFUSALS: Final = frozenset(
    {"security.login_throttled", "security.refresh_token_reused", SESSION_REVOKED}
)
"""Events that a refusal may have."""

AUDITED_REFUSALS: Final = frozenset(
    {
        "INVALID_CREDENTIALS",
        "ACCOUNT_SUSPENDED",
        "LOGIN_THROTTLED",
        "REFRESH_TOKEN_INVALID",
        "REFRESH_TOKEN_REUSED",
    }
)
"""Refusals that the audit log tells of: outcomes of authentication."""
