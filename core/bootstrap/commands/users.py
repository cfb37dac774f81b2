"""`python -m core users …`: accounts, from the outside."""

import argparse
import getpass
import sys
from functools import partial
from pathlib import Path
from uuid import UUID

from core.bootstrap.commands.parsing import Commands, add_command, add_group, run
from core.config.settings import Settings


def add_user_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `users create-admin`, `import`, `export` and `erase`."""
    users = add_group(commands, "users", "manage accounts")
    words = "make an administrator; asks for the password"
    admin = add_command(users, "create-admin", words, _create_admin)
    admin.add_argument("email", help="the address to log in with")
    words = "bring in accounts with the hashes of another system"
    bring = add_command(users, "import", words, _import)
    bring.add_argument("file", type=Path, help="JSON Lines: email, password_hash, full_name, …")
    bring.add_argument("--dry-run", action="store_true", help="check everything, store nothing")
    words = "print as JSON everything that is stored of a person"
    tell = add_command(users, "export", words, _export)
    tell.add_argument("user_id", type=UUID, help="the id of the account")
    words = "erase a deleted person for good; nothing undoes it"
    erase = add_command(users, "erase", words, _erase)
    erase.add_argument("user_id", type=UUID, help="the id of the account")


def _create_admin(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import create_admin

    # Never an argument: those are seen by everyone on the machine and kept in histories.
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    return run(settings, partial(create_admin, email=parsed.email, password=password))


def _import(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.user_import import import_users

    return run(settings, partial(import_users, file=parsed.file, dry_run=parsed.dry_run))


def _export(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.personal_operations import export_person

    return run(settings, partial(export_person, user_id=parsed.user_id))


def _erase(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.personal_operations import erase_person

    return run(settings, partial(erase_person, user_id=parsed.user_id))
