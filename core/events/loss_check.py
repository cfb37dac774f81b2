"""Finds entries that the stream has lost, and lets their events be sent again.

A server that was restarted empty, from an older snapshot, or replaced by a replica that lacked the
last second has lost whatever came after some moment; somebody else's XTRIM takes the oldest. So
the oldest entry on record and those since the last look tell whether anything is missing, and only
then, or at first, every entry is looked at. Entries that relays trimmed themselves are on record
no longer, so they are not missed.
"""

import structlog

from core.domain.ports.stream_upkeep import PublishedEvents, StreamUpkeep
from core.domain.stream_id import earlier, position
from core.events.relay_metrics import RelayMetrics

PAGE_SIZE = 1000
"""Entries in one question; the server takes some 5 ms to answer it."""

OVERLAP_SECONDS = 15.0
"""How far a look goes back before the last: another relay may record an entry some time after."""

_START = "0-0"

_log = structlog.get_logger(__name__)


class LossCheck:
    """Remembers up to which entry the stream was seen whole."""

    def __init__(
        self,
        published: PublishedEvents,
        stream: StreamUpkeep,
        metrics: RelayMetrics,
        *,
        page_size: int = PAGE_SIZE,
    ) -> None:
        """Take what is on record, and what the stream holds."""
        self._published = published
        self._stream = stream
        self._metrics = metrics
        self._page_size = page_size
        self._seen: str | None = None

    def suspect(self) -> None:
        """Look at everything the next time."""
        self._seen = None

    async def run(self) -> int:
        """Look, and return how many events wait to be sent again.

        Raises:
            DependencyUnavailable: record or stream is out of reach; the next look does it all.
        """
        if self._seen is not None and await self._is_whole_since(self._seen):
            return 0
        self._seen = None
        requeued = await self._look_at_everything()
        if requeued:
            self._metrics.lost(requeued)
            _log.error("the stream has lost entries; they are sent again", events=requeued)
        return requeued

    async def _is_whole_since(self, seen: str) -> bool:
        oldest = await self._published.page(after=_START, limit=1)
        if await self._stream.missing([event.stream_id for event in oldest]):
            return False
        after = earlier(seen, by_seconds=OVERLAP_SECONDS)
        while page := await self._published.page(after=after, limit=self._page_size):
            if await self._stream.missing([event.stream_id for event in page]):
                return False
            after = page[-1].stream_id
            self._seen = max(seen, after, key=position)
        return True

    async def _look_at_everything(self) -> int:
        requeued, after = 0, _START
        while page := await self._published.page(after=after, limit=self._page_size):
            missing = set(await self._stream.missing([event.stream_id for event in page]))
            if missing:
                lost = [event for event in page if event.stream_id in missing]
                requeued += await self._published.requeue(lost)
            after = page[-1].stream_id
        self._seen = after
        return requeued
