"""Command line: `python -m devstack up|down|clean|env|exec|run`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.postgres.migration import upgrade
from devstack.databases import DATABASE
from devstack.development import Development
from devstack.environment_file import server_variables
from devstack.errors import DevstackError, StateDirectoryError
from devstack.provisioning import provision
from devstack.service_environment import core_environment
from devstack.temporary import temporary_stack

_STATE = Path(__file__).resolve().parent.parent / ".dev"


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.act(options)
    except (DevstackError, ValueError) as error:
        print(f"devstack: {error}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, act, words in (
        ("up", _up, "start everything, migrate, seed; returns when ready"),
        ("down", _down, "stop everything; data stays"),
        ("clean", _clean, "stop everything and delete all data"),
        ("env", _env, "print .dev/env, passwords included"),
    ):
        command = commands.add_parser(name, help=words)
        command.set_defaults(act=act)
        if act is _up:
            command.add_argument("--tls", action="store_true", help="everything speaks TLS")
    inside = commands.add_parser(
        "exec", help="run a command with the settings of the core's processes (starts the servers)"
    )
    inside.add_argument("--migrator", action="store_true", help="with the migrations' AppRole")
    inside.add_argument("command", nargs="+")
    inside.set_defaults(act=_exec)
    aside = commands.add_parser(
        "run", help="run a command beside temporary servers with a migrated database (DATABASE_URL)"
    )
    aside.add_argument("command", nargs="+")
    aside.set_defaults(act=_run)
    return parser


def _development() -> Development:
    return Development(
        root=_STATE, environment=os.environ, say=lambda line: print(line, flush=True)
    )


def _up(options: argparse.Namespace) -> int:
    replace(_development(), tls=options.tls).up()
    print(f"ready; addresses and the administrator's password: {_STATE / 'env'}")
    return 0


def _down(_: argparse.Namespace) -> int:
    _development().down()
    return 0


def _clean(_: argparse.Namespace) -> int:
    _development().clean()
    return 0


def _env(_: argparse.Namespace) -> int:
    try:
        print((_STATE / "env").read_text(), end="")
    except FileNotFoundError:
        raise StateDirectoryError("nothing has been started yet; `make dev-up` does") from None
    return 0


def _exec(options: argparse.Namespace) -> int:
    stack, access = replace(_development(), say=lambda _: None).servers()
    login = access.migrator_files if options.migrator else access.service_files
    return _call(options.command, core_environment(stack, access, login=login))


def _run(options: argparse.Namespace) -> int:
    with temporary_stack() as stack:
        access = provision(stack)
        owner = access.owner
        upgrade(stack.postgres.dsn(DATABASE, user=owner.username, password=owner.password))
        return _call(options.command, server_variables(stack, access))


def _call(command: list[str], variables: Mapping[str, str]) -> int:
    return subprocess.run(command, env={**os.environ, **variables}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
