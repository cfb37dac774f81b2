"""User agents as classes: what kind of program on what kind of system, as far as words tell."""

from functools import lru_cache
from typing import Final

_PROGRAMS: Final = (
    ("Edg", "edge"),
    ("Firefox", "firefox"),
    ("Chrome", "chrome"),
    ("Safari", "safari"),
    ("PandoraExchange", "app"),
    ("curl", "script"),
    ("python", "script"),
    ("grpc", "grpc"),
)
_SYSTEMS: Final = (
    ("Android", "android"),
    ("iPhone", "ios"),
    ("iPad", "ios"),
    ("iOS", "ios"),
    ("Windows", "windows"),
    ("Mac OS", "macos"),
    ("Linux", "linux"),
)


@lru_cache(10_000)
def agent_class(text: str) -> str:
    """Return `class/PROGRAM/SYSTEM`; each is `other` where no word of it is known."""
    return f"class/{_first(text, _PROGRAMS)}/{_first(text, _SYSTEMS)}"


def _first(text: str, words: tuple[tuple[str, str], ...]) -> str:
    return next((name for word, name in words if word in text), "other")
