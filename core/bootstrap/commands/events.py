"""`python -m core events …`: events that could not be applied."""

import argparse
from functools import partial

from core.bootstrap.commands.parsing import (
    Commands,
    add_command,
    add_group,
    count,
    entry_id,
    run,
)
from core.config.settings import Settings


def add_event_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `events dead-letters` and `replay`."""
    events = add_group(commands, "events", "look after events that could not be applied")
    words = "list them as JSON lines, the oldest first"
    letters = add_command(events, "dead-letters", words, _letters)
    letters.add_argument("--limit", type=count, help="the most to list; all by default")
    letters.add_argument(
        "--show-payload", action="store_true", help="with what the event says, free text included"
    )
    again = add_command(events, "replay", "put a dead letter into its stream again", _replay)
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "id", nargs="?", type=entry_id, metavar="ENTRY_ID", help="the dead letter's id"
    )
    which.add_argument("--all", action="store_true", help="all that there are now")


def _letters(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.event_operations import list_dead_letters

    work = partial(list_dead_letters, limit=parsed.limit, show_payload=parsed.show_payload)
    return run(settings, work)


def _replay(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.event_operations import replay

    return run(settings, partial(replay, letter_id=None if parsed.all else parsed.id))
