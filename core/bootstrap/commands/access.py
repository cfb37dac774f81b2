"""`python -m core tokens …` and `keys …`: who else is let in, and what signs access tokens."""

import argparse
import sys
from functools import partial

from core.bootstrap.commands.parsing import Commands, add_command, add_group, run
from core.config.settings import Settings


def add_token_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `tokens mint-service` and `revoke-service`."""
    tokens = add_group(commands, "tokens", "let platform services in")
    words = "print an access token for a platform service"
    mint = add_command(tokens, "mint-service", words, _mint)
    mint.add_argument("name", help="the name of the service")
    mint.add_argument(
        "--lifetime-seconds", type=int, default=3600, help="default 3600, at most 86400"
    )
    words = "revoke every token of a platform service"
    revoke = add_command(tokens, "revoke-service", words, _revoke)
    revoke.add_argument("name", help="the name of the service")


def add_key_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    """Add `keys list` and `rotate`."""
    keys = add_group(commands, "keys", "look after the keys that sign access tokens")
    add_command(keys, "list", "show each key's state and times, never the key", _list_keys)
    words = "announce the next key; it signs when all know it"
    rotate = add_command(keys, "rotate", words, _rotate_keys)
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


def _mint(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import mint_service_token

    work = partial(mint_service_token, name=parsed.name, lifetime_seconds=parsed.lifetime_seconds)
    return run(settings, work)


def _revoke(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.operations import revoke_service_tokens

    return run(settings, partial(revoke_service_tokens, name=parsed.name))


def _list_keys(settings: Settings, _: argparse.Namespace) -> int:
    from core.bootstrap.key_operations import list_keys

    return run(settings, list_keys)


def _rotate_keys(settings: Settings, parsed: argparse.Namespace) -> int:
    from core.bootstrap.key_operations import rotate_keys

    if parsed.immediately != parsed.invalidate_tokens:
        sys.stderr.write("refused: --immediately and --invalidate-tokens go together\n")
        return 2
    work = partial(rotate_keys, force=parsed.force, immediately=parsed.immediately)
    return run(settings, work)
