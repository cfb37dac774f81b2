"""The compliance service: it tells of decisions, at least once each, with the same id."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from uuid import UUID

import redis
import redis.asyncio

from tests.e2e.site import Site
from tests.faults.journal import Journal, Operation, Outcome
from tests.faults.people import Person

KIND: Final = "kyc decided elsewhere"
_MALFORMED: Final = 0.1
_PAUSE_SECONDS: Final = 0.1


@dataclass(kw_only=True)
class Publisher:
    """Publishes one decision about everybody whom `next_person` hands over."""

    site: Site
    journal: Journal
    random: Random
    next_person: Callable[[], Person | None]
    operations: list[Operation] = field(default_factory=list)
    malformed: dict[str, str] = field(default_factory=dict)
    _texts: list[str] = field(default_factory=list)

    async def run(self, enough: asyncio.Event) -> None:
        """Publish until `enough` is set; what does not arrive is published again at the end."""
        url = self.site.servers.stack.valkey.url()
        async with redis.asyncio.Redis.from_url(url, socket_timeout=1) as client:
            while not enough.is_set():
                person = self.next_person()
                if person is None:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                for text in self._decide(person):
                    self._texts.append(text)
                    try:
                        await client.xadd(self.site.inbound_stream, {"event": text})
                    except (redis.ConnectionError, redis.TimeoutError):
                        await asyncio.sleep(_PAUSE_SECONDS)

    def publish_again(self) -> None:
        """Repeat everything, as who cannot know what arrived; Redis may have been emptied."""
        url = self.site.servers.stack.valkey.url()
        with closing(redis.Redis.from_url(url)) as client:
            for text in self._texts:
                client.xadd(self.site.inbound_stream, {"event": text})
        for operation in self.operations:
            operation.outcome = Outcome.DONE

    def unburied(self) -> set[str]:
        """Return which malformed events are no dead letters yet."""
        url = self.site.servers.stack.valkey.url()
        with closing(redis.Redis.from_url(url, decode_responses=True)) as client:
            letters: Any = client.xrange(f"{self.site.inbound_stream}.dead")
        return set(self.malformed) - {fields["event_id"] for _, fields in letters}

    def _decide(self, person: Person) -> list[str]:
        operation = self.journal.begin(KIND, person.number, {"user_id": person.user_id})
        self.operations.append(operation)
        text = _envelope(operation, status=self.random.choice(("verified", "rejected")))
        if self.random.random() >= _MALFORMED:
            return [text]
        event_id = str(UUID(int=self.random.getrandbits(128), version=4))
        # Says of whom it is, but not what was decided.
        document = json.loads(text) | {"id": event_id}
        del document["payload"]["status"]
        self.malformed[event_id] = json.dumps(document)
        return [text, self.malformed[event_id]]


def _envelope(operation: Operation, *, status: str) -> str:
    return json.dumps(
        {
            "id": str(UUID(operation.id)),
            "timestamp": datetime.now(UTC).isoformat(),
            "trace_id": operation.id,
            "event_type": "kyc.review.completed",
            "payload": {
                "user_id": operation.facts["user_id"],
                "status": status,
                "reason": operation.id,
                "reviewer_id": "reviewer-7",
            },
        }
    )
