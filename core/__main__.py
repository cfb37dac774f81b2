"""The command line of the core: `python -m core COMMAND`."""

import argparse
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

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
    _add(commands, "migrate", "bring the database's schema up to this version", _migrate)
    config = _group(commands, "config", "look at the settings")
    _add(config, "check", "print the effective settings; secrets are never shown", _config_check)
    data = _group(commands, "data", "fill the database")
    _add(data, "seed", "make the mock data of the dev environment", _seed)
    users = _group(commands, "users", "manage accounts")
    admin = _add(users, "create-admin", "make an administrator; asks for the password", _admin)
    admin.add_argument("email", help="the address to log in with")
    _add_token_commands(_group(commands, "tokens", "let platform services in"))
    return parser


def _add_token_commands(tokens: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    mint = _add(tokens, "mint-service", "print an access token for a platform service", _mint)
    mint.add_argument("name", help="the name of the service")
    mint.add_argument(
        "--lifetime-seconds", type=int, default=3600, help="default 3600, at most 86400"
    )
    revoke = _add(tokens, "revoke-service", "revoke every token of a platform service", _revoke)
    revoke.add_argument("name", help="the name of the service")


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


def _mint(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import mint_service_token

    work = partial(mint_service_token, name=parsed.name, lifetime_seconds=parsed.lifetime_seconds)
    return _once(settings, work)


def _revoke(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import revoke_service_tokens

    return _once(settings, partial(revoke_service_tokens, name=parsed.name))


def _once(settings: Settings, work: Callable[..., Awaitable[None]]) -> int:
    from core.bootstrap.process import run_once

    return run_once(settings, work)


if __name__ == "__main__":
    sys.exit(main())
