"""The command line of the core: `python -m core COMMAND`."""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from core.bootstrap.audit_arguments import add_audit_arguments
from core.config.description import describe
from core.config.loading import ConfigurationRefused, load
from core.config.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 refused or failed, 2 not understood."""
    parsed = _parser().parse_args(arguments)
    # gRPC's C core writes to standard error by itself, beside our JSON. What it has to say about
    # a port or a header reaches us as an error of the call concerned.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        settings = load(os.environ)
    except ConfigurationRefused as refusal:
        sys.stderr.write(f"cannot start: {refusal}\n")
        return 1
    command: Command = parsed.command
    return command(settings, parsed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core", description="The core of the user service."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "serve", "serve gRPC until SIGTERM", _serve)
    _add(commands, "relay", "carry events from the outbox to Redis until SIGTERM", _relay)
    _add(commands, "consume", "handle events of other services until SIGTERM", _consume)
    _add(commands, "send-mail", "hand mail to the mail server until SIGTERM", _send_mail)
    _add(commands, "seal", "seal the audit log until SIGTERM", _seal)
    _add(commands, "migrate", "bring the database's schema up to this version", _migrate)
    config = _group(commands, "config", "look at the settings")
    _add(config, "check", "print the effective settings; secrets are never shown", _config_check)
    data = _group(commands, "data", "fill the database")
    _add(data, "seed", "make the mock data of the dev environment", _seed)
    users = _group(commands, "users", "manage accounts")
    admin = _add(users, "create-admin", "make an administrator; asks for the password", _admin)
    admin.add_argument("email", help="the address to log in with")
    bring = _add(users, "import", "bring in accounts with the hashes of another system", _import)
    bring.add_argument("file", type=Path, help="JSON Lines: email, password_hash, full_name, …")
    bring.add_argument("--dry-run", action="store_true", help="check everything, store nothing")
    tell = _add(users, "export", "print as JSON everything that is stored of a person", _export)
    tell.add_argument("user_id", type=UUID, help="the id of the account")
    erase = _add(users, "erase", "erase a deleted person for good; nothing undoes it", _erase)
    erase.add_argument("user_id", type=UUID, help="the id of the account")
    _add_maintenance(commands)
    _add_token_commands(_group(commands, "tokens", "let platform services in"))
    _add_key_commands(_group(commands, "keys", "look after the keys that sign access tokens"))
    audit = _group(commands, "audit", "prove what the audit log held")
    add_audit_arguments(partial(_add, audit, command=_audit))
    _add_event_commands(_group(commands, "events", "look after events that could not be applied"))
    return parser


def _add_event_commands(events: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    letters = _add(events, "dead-letters", "list them as JSON lines, the oldest first", _letters)
    letters.add_argument("--limit", type=_count, help="the most to list; all by default")
    letters.add_argument(
        "--show-payload", action="store_true", help="with what the event says, free text included"
    )
    again = _add(events, "replay", "put a dead letter into its stream again", _replay)
    which = again.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "id", nargs="?", type=_entry_id, metavar="ENTRY_ID", help="the dead letter's id"
    )
    which.add_argument("--all", action="store_true", help="all that there are now")


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError("a whole number above 0")
    return int(text)


def _entry_id(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,18}-[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError("two numbers with a hyphen in between")
    return text


def _add_token_commands(tokens: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    mint = _add(tokens, "mint-service", "print an access token for a platform service", _mint)
    mint.add_argument("name", help="the name of the service")
    mint.add_argument(
        "--lifetime-seconds", type=int, default=3600, help="default 3600, at most 86400"
    )
    revoke = _add(tokens, "revoke-service", "revoke every token of a platform service", _revoke)
    revoke.add_argument("name", help="the name of the service")


def _add_key_commands(keys: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _add(keys, "list", "show each key's state and times, never the key", _list_keys)
    rotate = _add(keys, "rotate", "announce the next key; it signs when all know it", _rotate_keys)
    urgency = rotate.add_mutually_exclusive_group()
    urgency.add_argument(
        "--force", action="store_true", help="although a key is announced that does not sign yet"
    )
    urgency.add_argument(
        "--immediately",
        action="store_true",
        help="sign at once and let all other keys expire, because somebody else may know them; "
        "needs --invalidate-tokens",
    )
    rotate.add_argument(
        "--invalidate-tokens",
        action="store_true",
        help="say that every access token in use may become worthless, services' as well",
    )


def _add_maintenance(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    words = "make partitions, drop what is too old, remove what has served; for a scheduler"
    maintain = _add(commands, "maintain", words, _maintain)
    holds = _group(maintain.add_subparsers(metavar="COMMAND"), "hold", "legal holds")
    add = _add(holds, "add", "let nothing of a person or a time be erased or dropped", _hold)
    add.add_argument("--reason", required=True, help="the case; kept with the hold")
    add.add_argument("--user", type=UUID, help="hold all that is stored about this person")
    add.add_argument("--from", dest="from_time", type=_moment, help="hold audit rows since then")
    add.add_argument("--to", dest="to_time", type=_moment, help="and before then (RFC 3339)")
    _add(holds, "list", "print every hold as a line of JSON", _list_holds)
    release = _add(holds, "release", "end a hold", _release_hold)
    release.add_argument("hold_id", type=UUID, help="as `list` tells it")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a time needs its zone, as 2026-01-31T00:00:00Z has")
    return moment


def _group(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> "argparse._SubParsersAction[argparse.ArgumentParser]":
    group = commands.add_parser(name, help=words, description=words)
    return group.add_subparsers(required=True, metavar="COMMAND")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    words: str,
    command: Command,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(command=command)
    return parser


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.core_server import serve
    from core.bootstrap.process import run_until_stopped

    return run_until_stopped(settings, serve)


def _relay(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.process import run_until_stopped
    from core.bootstrap.relay_process import relay

    return run_until_stopped(settings, relay)


def _send_mail(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.mail_process import send_mail
    from core.bootstrap.process import run_until_stopped

    return run_until_stopped(settings, send_mail)


def _seal(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.process import run_until_stopped
    from core.bootstrap.sealer_process import seal

    return run_until_stopped(settings, seal)


def _consume(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.consumer_process import consume
    from core.bootstrap.process import run_until_stopped

    return run_until_stopped(settings, consume)


def _letters(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.event_operations import list_dead_letters

    work = partial(list_dead_letters, limit=parsed.limit, show_payload=parsed.show_payload)
    return _once(settings, work)


def _replay(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.event_operations import replay

    return _once(settings, partial(replay, letter_id=None if parsed.all else parsed.id))


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.operations import migrate

    return _once(settings, migrate)


def _config_check(settings: Settings, _: argparse.Namespace) -> int:
    print(describe(settings))
    return 0


def _seed(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.operations import seed

    return _once(settings, seed)


def _admin(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import create_admin

    # Never an argument: those are seen by everyone on the machine and kept in histories.
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return _once(settings, partial(create_admin, email=parsed.email, password=password))


def _import(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.user_import import import_users

    return _once(settings, partial(import_users, file=parsed.file, dry_run=parsed.dry_run))


def _export(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.personal_operations import export_person

    return _once(settings, partial(export_person, user_id=parsed.user_id))


def _erase(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.personal_operations import erase_person

    return _once(settings, partial(erase_person, user_id=parsed.user_id))


def _maintain(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.maintain_process import maintain

    return _once(settings, maintain)


def _hold(settings: Settings, parsed: argparse.Namespace) -> int:
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
    return _once(settings, work)


def _list_holds(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.hold_operations import list_holds

    return _once(settings, list_holds)


def _release_hold(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.hold_operations import release_hold

    return _once(settings, partial(release_hold, hold_id=parsed.hold_id))


def _mint(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import mint_service_token

    work = partial(mint_service_token, name=parsed.name, lifetime_seconds=parsed.lifetime_seconds)
    return _once(settings, work)


def _revoke(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import revoke_service_tokens

    return _once(settings, partial(revoke_service_tokens, name=parsed.name))


def _audit(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.audit_dispatch import chosen

    return _once(settings, chosen(parsed))


def _list_keys(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.key_operations import list_keys

    return _once(settings, list_keys)


def _rotate_keys(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.key_operations import rotate_keys

    if parsed.immediately != parsed.invalidate_tokens:
        sys.stderr.write("refused: --immediately and --invalidate-tokens go together\n")
        return 2
    work = partial(rotate_keys, force=parsed.force, immediately=parsed.immediately)
    return _once(settings, work)


def _once(settings: Settings, work: Callable[..., Awaitable[None]]) -> int:
    from core.bootstrap.process import run_once

    return run_once(settings, work)


if __name__ == "__main__":
    sys.exit(main())
