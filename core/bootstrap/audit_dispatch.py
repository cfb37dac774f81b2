"""From the words of `python -m core audit …` to what is done."""

import argparse
from collections.abc import Awaitable, Callable
from functools import partial

from core.bootstrap import audit_commands as commands
from core.bootstrap.foundation import Foundation

Work = Callable[[Foundation], Awaitable[None]]


def chosen(parsed: argparse.Namespace) -> Work:
    """Return what the words ask for."""
    works: dict[str, Callable[[], Work]] = {
        "verify": lambda: _verify(parsed),
        "checkpoint": lambda: commands.newest_checkpoint,
        "public-key": lambda: commands.public_keys,
        "prove": lambda: partial(commands.prove_row, sequence=parsed.sequence),
        "check-proof": lambda: partial(
            commands.check_proof_file, file=parsed.file, public_key=parsed.public_key
        ),
    }
    return works[parsed.audit]()


def _verify(parsed: argparse.Namespace) -> Work:
    if parsed.for_core:
        return commands.verify_for_core
    return partial(commands.verify, checkpoints=parsed.checkpoints, public_key=parsed.public_key)
