"""What every group of commands is spelt with."""

import argparse
import re
from collections.abc import Awaitable, Callable
from datetime import datetime

from core.config.settings import Settings

Command = Callable[[Settings, argparse.Namespace], int]
"""Runs what was asked for; returns the exit code: 0 done, 1 refused or failed, 2 not understood."""

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives it no public name


def add_group(
    commands: "Commands[argparse.ArgumentParser]", name: str, words: str
) -> "Commands[argparse.ArgumentParser]":
    """Add a name under which other commands stand."""
    group = commands.add_parser(name, help=words, description=words)
    return group.add_subparsers(required=True, metavar="COMMAND")


def add_command(
    commands: "Commands[argparse.ArgumentParser]", name: str, words: str, command: Command
) -> argparse.ArgumentParser:
    """Add a command; return its parser, for its arguments."""
    parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(command=command)
    return parser


def count(text: str) -> int:
    """Read a whole number above 0."""
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError("a whole number above 0")
    return int(text)


def entry_id(text: str) -> str:
    """Read the id of an entry of a stream."""
    if not re.fullmatch(r"[0-9]{1,18}-[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError("two numbers with a hyphen in between")
    return text


def moment(text: str) -> datetime:
    """Read a time with its zone (RFC 3339)."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise argparse.ArgumentTypeError("a time needs its zone, as 2026-01-31T00:00:00Z has")
    return read


def run(settings: Settings, work: Callable[..., Awaitable[None]]) -> int:
    """Do a piece of work that ends by itself."""
    from core.bootstrap.process import run_once

    return run_once(settings, work)
