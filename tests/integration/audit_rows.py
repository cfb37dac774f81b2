"""Many rows of the audit log, as the service would have written them."""

import base64
import json
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg

from core.domain.audit_row_text import RowText
from tests.integration.seal_scene import hash_of

_COLUMNS: Final = (
    "id", "occurred_at", "version", "actor_type", "actor_id", "action", "resource_type",
    "resource_id", "user_id", "outcome", "reason", "origin_owner", "ip_address", "user_agent",
    "request_id", "trace_id", "details", "hash",
)  # fmt: skip

_ACTIONS: Final = ("auth.login", "auth.refresh", "auth.logout", "kyc.update", "user.register")

TRANSACTION_ROWS: Final = 500


def write_rows(dsn: str, count: int, *, seed: int = 1) -> None:
    """Write so many rows with right hashes, some hundred in each transaction."""
    rows = _rows(count, random.Random(seed))
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(0, count, TRANSACTION_ROWS):
            with connection.cursor().copy(
                f"COPY audit_events ({', '.join(_COLUMNS)}) FROM STDIN"
            ) as copy:
                for _, row in zip(range(TRANSACTION_ROWS), rows, strict=False):
                    copy.write_row([getattr(row, column) for column in _COLUMNS])


def _rows(count: int, chance: random.Random) -> Iterator[RowText]:
    moment = datetime.now(UTC) - timedelta(seconds=count // 1000)
    people = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(1000)]
    for number in range(count):
        person = chance.choice(people)
        failed = number % 7 == 0
        text = (moment + timedelta(milliseconds=number)).isoformat(sep=" ")
        row = RowText(
            sequence=0,
            transaction_id="0",
            version=2,
            id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            occurred_at=_as_postgres_writes(text),
            actor_type="user",
            actor_id=None if failed else person,
            action=chance.choice(_ACTIONS),
            resource_type="session",
            resource_id=person,
            user_id=person,
            outcome="failure" if failed else "success",
            reason="INVALID_CREDENTIALS" if failed else None,
            origin_owner=person,
            ip_address=_sealed(chance, 40),
            user_agent=_sealed(chance, 120),
            request_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            trace_id=f"{chance.getrandbits(128):032x}",
            details=json.dumps(
                {"session_id": person, "known_device": number % 3 == 0, "n": number}
            ),
            hash="",
        )
        yield row._replace(hash=hash_of(row))


def _sealed(chance: random.Random, length: int) -> str:
    return "p1." + base64.urlsafe_b64encode(chance.randbytes(length)).decode().rstrip("=")


def _as_postgres_writes(text: str) -> str:
    moment = text.removesuffix("+00:00")
    return (moment.rstrip("0") if "." in moment else moment) + "+00"
