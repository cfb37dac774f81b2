"""What becomes of every column of every table when a database is cloned without persons.

A table or a column that is not named here is refused: nothing new is copied by oversight.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from core.data.anonymization.documents import anonymous_json
from core.data.anonymization.pseudonyms import Pseudonyms


class Rule(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    """A time, a number, a truth value, or a word of the service's own."""
    ID = "id"
    REFERENCE = "reference"
    """As ID; the value stands in the other table as well."""
    EMAIL = "email"
    EMAIL_KEY = "email_key"
    NAME = "name"
    NAME_KEY = "name_key"
    PASSWORD = "password"  # noqa: S105 - a rule
    SALT = "salt"
    ADDRESS = "address"
    AGENT = "agent"
    TEXT = "text"
    ACTOR = "actor"
    DIGEST = "digest"
    SECRET = "secret"  # noqa: S105 - a rule
    TRACE = "trace"
    TRACEPARENT = "traceparent"
    REQUEST = "request"
    DOCUMENT = "document"


def _columns(**rules: str) -> Mapping[str, Rule]:
    """Return the rules of columns, which stand behind their rule's name."""
    return MappingProxyType(
        {column: Rule(rule) for rule, names in rules.items() for column in names.split()}
    )


COPIED: Final[Mapping[str, Mapping[str, Rule]]] = MappingProxyType(
    {
        "users": _columns(
            id="id", email="email", email_key="email_key", name="full_name",
            name_key="full_name_key", salt="personal_salt",
            password="hashed_password",  # noqa: S106 - a rule
            keep="role kyc_status email_verified mfa_enabled suspended_at created_at updated_at"
            " deleted_at",
        ),
        "sessions": _columns(
            id="id", reference="user_id", address="ip_address", agent="user_agent",
            keep="created_at last_used_at expires_at absolute_expires_at amr revoked_at"
            " revocation_cause",
        ),
        "refresh_tokens": _columns(
            digest="token successor request_mark binding_mark", reference="user_id session_id",
            keep="expires_at created_at used_at window_replays",
        ),
        "known_devices": _columns(
            reference="user_id", digest="digest country", keep="first_seen_at last_seen_at"
        ),
        "kyc_reviews": _columns(
            id="id", reference="user_id", text="reason", actor="reviewer_id",
            keep="previous_status status created_at",
        ),
        "totp_enrolments": _columns(
            reference="user_id", secret="sealed_secret",  # noqa: S106 - a rule
            keep="created_at confirmed_at last_used_step",
        ),
        "recovery_codes": _columns(
            reference="user_id", digest="digest", keep="created_at used_at"
        ),
        "service_tokens": _columns(
            id="id", keep="service_name issued_at expires_at revoked_at"
        ),
        "consumed_events": _columns(id="event_id", keep="consumer handled_at"),
        "audit_legal_holds": _columns(
            id="id user_id", text="reason", keep="from_time to_time placed_at released_at"
        ),
        "outbox": _columns(
            id="id", reference="user_id", document="payload", trace="trace_id",
            traceparent="traceparent",
            keep="sequence event_type occurred_at published_at stream_id",
        ),
    }
)  # fmt: skip
"""Tables that are copied column by column, in the order of their references."""

AUDIT_EVENTS: Final = "audit_events"

AUDIT_COLUMNS: Final = _columns(
    id="id user_id origin_owner", actor="actor_id resource_id", text="reason",
    address="ip_address", agent="user_agent", request="request_id", trace="trace_id",
    document="details", digest="hash",
    keep="sequence occurred_at actor_type action resource_type outcome version transaction_id",
)  # fmt: skip
"""Of the audit log, whose rows are opened, changed, sealed and hashed anew as a whole."""

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mail_outbox": "mail to people; a clone sends none",
        "one_time_tokens": "a token follows from its id",
        "mfa_challenges": "logins under way",
        "login_failures": "digests of addresses under a key of production",
        "idempotency_keys": "answers, which hold what they tell of people",
        "audit_seals": "the clone's rows are sealed anew, with its own key",
        "audit_retirements": "signed by production of rows that the clone never had",
        "event_stream": "tells of production's stream",
        "alembic_version": "the clone has its own",
        "database_origin": "the clone has its own",
        "clone_chunks": "how far the clone has come",
    }
)
"""Tables of which nothing is copied, and why."""


@dataclass(frozen=True, slots=True)
class Unclassified(Exception):
    """A table or a column that no rule names."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        """Say which."""
        return f"no rule says what becomes of {', '.join(self.names)}"


def require_rules(columns: Mapping[str, frozenset[str]]) -> None:
    """Return if every column of every table of a database is named here.

    Raises:
        Unclassified: one is not.
    """
    rules = {**COPIED, AUDIT_EVENTS: AUDIT_COLUMNS}
    missing = [
        f"{table}.{column}"
        for table, present in columns.items()
        if table not in LEFT_OUT
        for column in sorted(present - rules.get(table, {}).keys())
    ]
    if missing:
        raise Unclassified(tuple(sorted(missing)))


def rewriters(pseudonyms: Pseudonyms) -> Mapping[Rule, Callable[[str], str]]:
    """Return what each rule does to a value that is there."""
    return {
        Rule.KEEP: _kept,
        Rule.ID: pseudonyms.id,
        Rule.REFERENCE: pseudonyms.id,
        Rule.EMAIL: pseudonyms.email,
        Rule.EMAIL_KEY: pseudonyms.email_key,
        Rule.NAME: pseudonyms.name,
        Rule.NAME_KEY: pseudonyms.name_key,
        Rule.PASSWORD: pseudonyms.password,
        Rule.SALT: pseudonyms.salt,
        Rule.ADDRESS: pseudonyms.address,
        Rule.AGENT: pseudonyms.agent,
        Rule.TEXT: pseudonyms.text,
        Rule.ACTOR: pseudonyms.actor,
        Rule.DIGEST: pseudonyms.digest,
        Rule.SECRET: pseudonyms.sealed_secret,
        Rule.TRACE: pseudonyms.trace_id,
        Rule.TRACEPARENT: pseudonyms.traceparent,
        Rule.REQUEST: pseudonyms.request_id,
        Rule.DOCUMENT: lambda text: anonymous_json(text, pseudonyms),
    }


def _kept(text: str) -> str:
    return text
