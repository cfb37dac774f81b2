"""The account of a made-up person, as it stands after what has happened so far."""

from core.data.synthesis.curve import moment
from core.data.synthesis.people import Person
from core.data.tables import Row
from core.domain.kyc import KycStatus
from core.domain.session import RevocationCause
from core.domain.unicode_text import folded
from core.domain.user import Role


class Account:
    """Changes with its person's life; `row` is what is stored in the end."""

    def __init__(self, person: Person, password_hash: str) -> None:
        """Open it."""
        self.person = person
        self.role = Role.USER.value
        self.kyc = KycStatus.PENDING
        self.email_verified = False
        self.mfa_enabled = False
        self.suspended_at: int | None = None
        self.deleted_at: int | None = None
        self.ended_at: int | None = None
        self.cause: RevocationCause | None = None
        self._updated_at = person.created_at
        self._hash = password_hash

    def changed(self, at: int) -> None:
        """Note when the row was last changed."""
        self._updated_at = at

    def end(self, at: int, cause: RevocationCause) -> None:
        """Note that every session ended, and why."""
        self.ended_at, self.cause = at, cause
        self.changed(at)

    def row(self) -> Row:
        """Return the row of `users`."""
        person, name = self.person, self.person.full_name
        return (
            person.id,
            person.email,
            person.email_key,
            name,
            None if name is None else folded(name),
            self._hash,
            self.role,
            self.kyc.value,
            "t" if self.email_verified else "f",
            "t" if self.mfa_enabled else "f",
            time_text(self.suspended_at),
            time_text(person.created_at),
            time_text(self._updated_at),
            time_text(self.deleted_at),
            f"\\x{person.salt}",
        )


def time_text(at: int | None) -> str | None:
    """Return a time as PostgreSQL reads it."""
    return None if at is None else moment(at).isoformat()
