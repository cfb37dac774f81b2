"""The words of `python -m core audit …`."""

import argparse
from pathlib import Path
from typing import Protocol


class Add(Protocol):
    """Adds a command with a line about it."""

    def __call__(self, *, name: str, words: str) -> argparse.ArgumentParser: ...  # noqa: D102


def add_audit_arguments(add: Add) -> None:
    """Add every command on the audit log; `parsed.audit` names the one that was chosen."""

    def command(name: str, words: str) -> argparse.ArgumentParser:
        parser = add(name=name, words=words)
        parser.set_defaults(audit=name)
        return parser

    verify = command("verify", "recompute the whole log; exit code 1 names the first bad row")
    verify.add_argument(
        "--checkpoints", type=Path, help="checkpoints outside the database; default: the setting"
    )
    _add_public_key(verify)
    verify.add_argument("--for-core", action="store_true", help=argparse.SUPPRESS)
    command("checkpoint", "print the newest signed checkpoint")
    command("public-key", "print the keys that checkpoints are verified with")
    prove = command("prove", "print the proof that a row stands in the log")
    prove.add_argument("sequence", type=int, help="the row's number")
    check = command("check-proof", "check such a proof")
    check.add_argument("file", type=Path, help="the proof")
    _add_public_key(check)


def _add_public_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--public-key", type=Path, help="a file of keys (`audit public-key`) instead of Vault"
    )
