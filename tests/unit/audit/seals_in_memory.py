"""A log of seals in memory, and a key to sign them with."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from core.domain.audit_checkpoint import checkpoint_text
from core.domain.audit_row_text import RowText
from core.domain.audit_seal import LogEnd, Seal, SignedHead, Window, compose
from core.domain.ports.audit_seals import KeySignature, Sealing
from tests.integration.seal_scene import ORIGIN, LocalSigner

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


class SealsInMemory:
    """Implements the port SealLog; what tests append is sealed row by row."""

    def __init__(self) -> None:
        self.heads: list[SignedHead] = []
        self.seals: list[Seal] = []
        self.signer = LocalSigner()
        self.failure: Exception | None = None
        self._end = LogEnd()

    async def make(self, count: int) -> None:
        """Make so many seals, each of one row."""
        for _ in range(count):
            window = Window(since=self._end.snapshot, snapshot=f"{self._end.number + 9}:9:")
            seal = compose(
                self._end,
                window,
                [row(self._end.number + 1)],
                origin=ORIGIN,
                sealed_at=NOON,
                is_complete=True,
            )
            signed = await self.signer.sign(checkpoint_text(seal.head), name=ORIGIN)
            self._keep(seal, signed)

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[Sealing | None]:
        yield None

    async def heads_from(self, number: int, *, limit: int) -> Sequence[SignedHead]:
        if self.failure is not None:
            raise self.failure
        return [signed for signed in self.heads if signed.head.number >= number][:limit]

    async def newest(self) -> SignedHead | None:
        return self.heads[-1] if self.heads else None

    def _keep(self, seal: Seal, signed: KeySignature) -> None:
        head = seal.head
        self.seals.append(seal)
        self.heads.append(
            SignedHead(head=head, signature=signed.signature, key_version=signed.key_version)
        )
        self._end = LogEnd(
            number=head.number, hash=head.hash, frontier=seal.frontier, snapshot=head.snapshot
        )


def row(sequence: int) -> RowText:
    """Return a row whose hash is whatever."""
    return RowText(
        sequence, "7", 2, "id", "2026-03-14 12:00:00+00", "user", None, "auth.login", "user",
        None, None, "success", None, None, None, None, "r", "t", "{}", "ab" * 32,
    )  # fmt: skip
