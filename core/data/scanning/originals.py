"""Which values of the source are personal: those that a rule replaces by something else."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from core.data.anonymization.pseudonyms import Pseudonyms
from core.data.anonymization.rules import Rule, rewriters
from core.domain.audit import AuditAction, AuditEntry, AuditOutcome, ResourceType
from core.domain.caller import ActorType
from core.domain.kyc import KycStatus
from core.domain.mail import MailTemplate
from core.domain.session import RevocationCause
from core.domain.user import Role, UserStatus

_UNSEARCHED = frozenset({Rule.KEEP, Rule.REFERENCE})

_ENUMS = (
    Role, UserStatus, KycStatus, RevocationCause, AuditAction, AuditOutcome, ResourceType,
    ActorType, MailTemplate,
)  # fmt: skip

VOCABULARY = frozenset(str(member.value) for words in _ENUMS for member in words)
"""Words of the service's own. Whoever is called `verified` is not betrayed by a KYC status."""


class PersonalValues:
    """Tells the original values within rows of the source."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        """Take what replaces them: what it leaves as it is, is none."""
        self._rewriters = rewriters(pseudonyms)
        self._changed = pseudonyms

    def columns(self, rules: Mapping[str, Rule]) -> list[str]:
        """Return the columns of a table that hold any."""
        return [column for column, rule in rules.items() if rule not in _UNSEARCHED]

    def in_rows(
        self, rules: Mapping[str, Rule], rows: Iterator[Sequence[str | None]]
    ) -> Iterator[str]:
        """Yield the originals in rows that hold these columns alone."""
        readers = [self._reader(rules[column]) for column in self.columns(rules)]
        for row in rows:
            for cell, read in zip(row, readers, strict=True):
                if cell is not None:
                    yield from read(cell)

    def in_entry(self, before: AuditEntry, after: AuditEntry) -> Iterator[str]:
        """Yield the originals in what a row of the audit log says; `after` is the clone's."""
        for name in (
            "id", "actor_id", "resource_id", "user_id", "reason", "ip_address", "user_agent",
            "request_id", "trace_id",
        ):  # fmt: skip
            value, other = getattr(before, name), getattr(after, name)
            if value is not None and value != other:
                yield str(value)
        if before.details:
            yield from _changed_texts(dict(before.details), dict(after.details))

    def _reader(self, rule: Rule) -> Callable[[str], Iterator[str]]:
        rewrite = self._rewriters[rule]
        if rule is Rule.DOCUMENT:
            return lambda cell: _changed_texts(json.loads(cell), json.loads(rewrite(cell)))
        if rule in {Rule.ACTOR, Rule.REQUEST}:
            return lambda cell: iter((cell,) if rewrite(cell) != cell else ())
        # Every other rule replaces whatever there is; asking each time would be most of the work.
        return lambda cell: iter((cell,))


def _changed_texts(before: object, after: object) -> Iterator[str]:
    match before, after:
        case dict(), dict():
            for key, value in before.items():
                yield from _changed_texts(value, after.get(key))
        case list(), list():
            for value, other in zip(before, after, strict=False):
                yield from _changed_texts(value, other)
        case str(), _ if before != after:
            yield before
        case _:
            return
