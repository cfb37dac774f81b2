"""`python -m core audit …` and `maintain …`: proving the audit log, and keeping it."""

import argparse
import sys
from functools import partial
from uuid import UUID

from core.bootstrap.audit_arguments import add_audit_arguments
from core.bootstrap.commands.parsing import Commands, add_command, add_group, moment, run
from core.config.settings import Settings


def add_audit_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add what proves the log."""
    audit = add_group(commands, "audit", "prove what the audit log held")
    add_audit_arguments(partial(add_command, audit, command=_audit))


def add_maintenance_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `maintain`, and the legal holds under it."""
    words = "make partitions, drop what is too old, remove what has served; for a scheduler"
    maintain = add_command(commands, "maintain", words, _maintain)
    holds = add_group(maintain.add_subparsers(metavar="COMMAND"), "hold", "legal holds")
    words = "let nothing of a person or a time be erased or dropped"
    add = add_command(holds, "add", words, _place_hold)
    add.add_argument("--reason", required=True, help="the case; kept with the hold")
    add.add_argument("--user", type=UUID, help="hold all that is stored about this person")
    add.add_argument("--from", dest="from_time", type=moment, help="hold audit rows since then")
    add.add_argument("--to", dest="to_time", type=moment, help="and before then (RFC 3339)")
    add_command(holds, "list", "print every hold as a line of JSON", _list_holds)
    release = add_command(holds, "release", "end a hold", _release_hold)
    release.add_argument("hold_id", type=UUID, help="as `list` tells it")


def _audit(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.audit_dispatch import chosen

    return run(settings, chosen(parsed))


def _maintain(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.maintain_process import maintain

    return run(settings, maintain)


def _place_hold(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.hold_operations import place_hold

    span = (parsed.from_time, parsed.to_time)
    if (parsed.user is None) == (span == (None, None)) or (None in span and span != (None, None)):
        sys.stderr.write("refused: give either --user, or --from and --to\n")
        return 2
    work = partial(
        place_hold,
        reason=parsed.reason,
        user_id=parsed.user,
        from_time=parsed.from_time,
        to_time=parsed.to_time,
    )
    return run(settings, work)


def _list_holds(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.hold_operations import list_holds

    return run(settings, list_holds)


def _release_hold(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.hold_operations import release_hold

    return run(settings, partial(release_hold, hold_id=parsed.hold_id))
