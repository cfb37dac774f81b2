"""What sealing the audit log needs of the outside world."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from core.domain.audit_checkpoint import Checkpoint
from core.domain.audit_row_text import RowText
from core.domain.audit_seal import LogEnd, Seal, SignedHead, Window
from core.domain.audit_verification import LogReport
from core.domain.signed_note import NoteSignature


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySignature:
    """A signature as a note bears it, and the version of the key that made it."""

    signature: NoteSignature
    key_version: int


class Sealing(Protocol):
    """The right to make the next seal, and the view of the log that goes with it."""

    @property
    def end(self) -> LogEnd:
        """Where the next seal begins."""
        ...

    @property
    def window(self) -> Window:
        """Which rows it gathers."""
        ...

    async def rows(self, *, limit: int) -> Sequence[RowText]:
        """Return the first rows of the window by rising number. Nobody is made to wait for it."""
        ...

    async def commit(self, seal: Seal, signed: KeySignature) -> None:
        """Store the seal durably.

        Raises:
            Conflict: somebody else has made a seal with this number.
            DependencyUnavailable: the storage did not confirm; the outcome is not known.
        """
        ...


class SealLog(Protocol):
    """The seals. Every call raises DependencyUnavailable when the storage is out of reach."""

    def sealing(self) -> AbstractAsyncContextManager[Sealing | None]:
        """Take the right to make the next seal; None while another replica has it.

        Raises:
            SnapshotsForeign: the last seal was made in another life of the database.
        """
        ...

    async def heads_from(self, number: int, *, limit: int) -> Sequence[SignedHead]:
        """Return the seals from a number on, by rising number."""
        ...

    async def newest(self) -> SignedHead | None:
        """Return the newest seal."""
        ...


class SnapshotsForeign(Exception):
    """The newest seal knows of transactions that this database has not begun.

    So it is with a database that was restored from a dump: its transactions count from anew, and
    what is new in it cannot be told from what is old.
    """


class CheckpointSigner(Protocol):
    """Signs with a key that the database cannot reach."""

    async def sign(self, text: str, *, name: str) -> KeySignature:
        """Sign a checkpoint's text in the name of a log; the signature has been verified.

        Raises:
            DependencyUnavailable: the key is out of reach, or does not sign what it is given.
        """
        ...


class CheckpointStore(Protocol):
    """A place outside the database that keeps checkpoints, and never one of them twice.

    Both raise DependencyUnavailable while it is away.
    """

    async def newest(self) -> Checkpoint | None:
        """Return the checkpoint that was written last."""
        ...

    async def append(self, checkpoints: Sequence[SignedHead]) -> int:
        """Write those durably that follow the newest one; return how many those were."""
        ...


class LogVerifier(Protocol):
    """Recomputes the whole log."""

    async def verify(self) -> LogReport:
        """Return what was found; ends when the caller's task is cancelled.

        Raises:
            ServerBusy: a verification is under way, here or elsewhere.
            DependencyUnavailable: storage or keys are out of reach.
        """
        ...
