"""Which values of the source are personal: those that a rule replaces by something else."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from core.data.anonymization.agents import agent_class
from core.data.anonymization.audit_rows import names_a_thing
from core.data.anonymization.documents import replaced_texts
from core.data.anonymization.pseudonyms import is_service
from core.data.anonymization.rules import Rule
from core.data.audit_texts import OpenedRow
from core.domain.audit import AuditAction, AuditOutcome, ResourceType
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


def searched(rules: Mapping[str, Rule]) -> list[str]:
    """Return the columns of a table that hold originals."""
    return [column for column, rule in rules.items() if rule not in _UNSEARCHED]


def in_rows(
    rules: Mapping[str, Rule], rows: Iterable[Sequence[str | None]]
) -> Iterator[Iterable[str]]:
    """Yield the originals of each row; rows hold the searched columns alone."""
    readers = [_reader(rules[column]) for column in searched(rules)]
    for row in rows:
        for cell, read in zip(row, readers, strict=True):
            if cell is not None:
                yield read(cell)


def in_audit_row(row: OpenedRow) -> Iterator[str]:
    """Yield the originals in what a row of the audit log says."""
    yield from (row.id, row.request_id, row.trace_id)
    if row.user_id is not None:
        yield row.user_id
    if row.actor_id is not None and not is_service(row.actor_id):
        yield row.actor_id
    resource = row.resource_id
    if resource is not None and not (
        names_a_thing(row.resource_type, resource) or is_service(resource)
    ):
        yield resource
    # The reason of a failure is the name of an error.
    if row.reason is not None and row.is_success:
        yield row.reason
    if row.ip_address is not None:
        yield row.ip_address
    if row.user_agent is not None and agent_class(row.user_agent) != row.user_agent:
        yield row.user_agent
    if row.details != "{}":
        yield from replaced_texts(json.loads(row.details))


def _reader(rule: Rule) -> Callable[[str], Iterable[str]]:
    match rule:
        case Rule.DOCUMENT:
            return lambda cell: replaced_texts(json.loads(cell))
        case Rule.ACTOR:
            return lambda cell: () if is_service(cell) else (cell,)
        case Rule.AGENT:
            return lambda cell: () if agent_class(cell) == cell else (cell,)
        case _:
            # Every other rule replaces whatever there is.
            return lambda cell: (cell,)
