"""What is done once: the schema, the settings looked at."""

import argparse

from core.bootstrap.commands.parsing import Commands, add_command, add_group, run
from core.config.description import describe
from core.config.settings import Settings


def add_setup_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `migrate` and `config check`."""
    add_command(commands, "migrate", "bring the database's schema up to this version", _migrate)
    config = add_group(commands, "config", "look at the settings")
    words = "print the effective settings; secrets are never shown"
    add_command(config, "check", words, _config_check)


def _migrate(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.operations import migrate

    return run(settings, migrate)


def _config_check(settings: Settings, _: argparse.Namespace) -> int:
    print(describe(settings))
    return 0
