"""The command line of the core: `python -m core COMMAND`."""

import argparse
import os
import sys
from collections.abc import Sequence

from core.bootstrap.commands.access import add_key_commands, add_token_commands
from core.bootstrap.commands.audit import add_audit_commands, add_maintenance_commands
from core.bootstrap.commands.data import add_data_commands
from core.bootstrap.commands.events import add_event_commands
from core.bootstrap.commands.parsing import Command
from core.bootstrap.commands.processes import add_process_commands
from core.bootstrap.commands.setup import add_setup_commands
from core.bootstrap.commands.users import add_user_commands
from core.config.ciphers import CIPHER_SUITES
from core.config.loading import ConfigurationRefused, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 refused or failed, 2 not understood."""
    parsed = _parser().parse_args(arguments)
    # gRPC's C core writes to standard error by itself, beside our JSON. What it has to say about
    # a port or a header reaches us as an error of the call concerned.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Those that gRPC takes by itself; said aloud, so that nobody's environment weakens them.
    os.environ["GRPC_SSL_CIPHER_SUITES"] = CIPHER_SUITES
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
    add_process_commands(commands)
    add_setup_commands(commands)
    add_data_commands(commands)
    add_user_commands(commands)
    add_token_commands(commands)
    add_key_commands(commands)
    add_audit_commands(commands)
    add_maintenance_commands(commands)
    add_event_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
