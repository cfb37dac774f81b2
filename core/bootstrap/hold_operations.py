"""Legal holds on the command line: `python -m core maintain hold …`."""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from core.bootstrap.dependencies import open_database
from core.bootstrap.foundation import Foundation, read_secrets
from core.bootstrap.operations import operator, uncounted
from core.bootstrap.refusals import OperationRefused
from core.bootstrap.startup import Startup, in_one_line
from core.domain.errors import Conflict, DependencyUnavailable, ViolationError
from core.domain.legal_hold import LegalHold
from core.service.legal_holds import LegalHoldKeeping
from core.service.recording import Recorder


async def place_hold(
    foundation: Foundation,
    *,
    reason: str,
    user_id: UUID | None,
    from_time: datetime | None,
    to_time: datetime | None,
) -> None:
    """Place a hold, and print its id.

    Raises:
        OperationRefused: it covers nothing, or something is out of reach.
    """
    async with _keeping(foundation) as keeping:
        hold = await keeping.place(
            reason=reason,
            user_id=user_id,
            from_time=from_time,
            to_time=to_time,
            caller=operator(foundation),
        )
    sys.stdout.write(f"{hold.id}\n")


async def list_holds(foundation: Foundation) -> None:
    """Print every hold as a line of JSON, the oldest first, released ones included."""
    async with _keeping(foundation) as keeping:
        for hold in await keeping.all():
            sys.stdout.write(json.dumps(_document(hold), ensure_ascii=False) + "\n")


async def release_hold(foundation: Foundation, *, hold_id: UUID) -> None:
    """End a hold.

    Raises:
        OperationRefused: there is none in force, or something is out of reach.
    """
    async with _keeping(foundation) as keeping:
        hold = await keeping.release(hold_id, caller=operator(foundation))
    sys.stdout.write(f"{hold.id} released\n")


@asynccontextmanager
async def _keeping(foundation: Foundation) -> AsyncIterator[LegalHoldKeeping]:
    """Work as the service: the maintainer, who drops, can neither place nor release a hold."""
    async with Startup() as startup:
        _, secrets = await startup.step(
            "read secrets from Vault", read_secrets(startup, foundation)
        )
        database = await startup.step(
            "connect PostgreSQL",
            open_database(startup, foundation, secrets, on_commit=uncounted, process="operator"),
        )
        try:
            yield LegalHoldKeeping(
                database=database,
                recorder=Recorder(clock=foundation.clock, ids=foundation.ids),
            )
        except ViolationError as refusal:
            problems = "; ".join(f"{v.field} {v.message}" for v in refusal.violations)
            raise OperationRefused(problems) from refusal
        except Conflict as refusal:
            raise OperationRefused("something is erased or dropped; try again") from refusal
        except DependencyUnavailable as failure:
            raise OperationRefused(in_one_line(failure)) from failure


def _document(hold: LegalHold) -> dict[str, str | None]:
    return {
        "id": str(hold.id),
        "reason": hold.reason,
        "user_id": None if hold.user_id is None else str(hold.user_id),
        "from_time": _text(hold.from_time),
        "to_time": _text(hold.to_time),
        "placed_at": _text(hold.placed_at),
        "released_at": _text(hold.released_at),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
