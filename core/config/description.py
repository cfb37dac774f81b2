"""The effective settings in words, for `python -m core config check`."""

from collections.abc import Iterator
from pathlib import Path

from core.config.keys import catalogue
from core.config.settings import Settings


def describe(settings: Settings) -> str:
    """Return a line for each setting: its value, and whether it comes from yaml or environment.

    Of a file that leads to a secret only whether it is set is told.
    """
    return "\n".join(_lines(settings))


def _lines(settings: Settings) -> Iterator[str]:
    yield f"environment = {settings.environment.value}"
    for path, key in catalogue().items():
        value: object = getattr(getattr(settings, key.section), key.name)
        yield f"{path} = {_words(value, masked=key.kind is Path)}  ({_source(settings, path)})"
    yield "secrets = read from Vault, never shown"


def _words(value: object, *, masked: bool) -> str:
    if masked:
        return "unset" if value is None else "set"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None else str(value)


def _source(settings: Settings, path: str) -> str:
    return settings.sources.get(path, "default")
