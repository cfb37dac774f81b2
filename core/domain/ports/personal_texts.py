"""Sealing of personal texts, without its mathematics."""

from typing import Protocol

from core.domain.personal_key import TextPlace


class PersonalTexts(Protocol):
    """Makes texts that nobody can read without the salt of their owner.

    A salt of no bytes stands for the key of nobody in particular.
    """

    def seal(self, text: str, *, salt: bytes, place: TextPlace) -> str:
        """Return the text in sealed form: short, printable, and of one place alone."""
        ...

    def open(self, sealed: str, *, salt: bytes | None, place: TextPlace) -> str | None:
        """Return a text that was sealed; None where its key is gone with the salt.

        Raises:
            SealBroken: it was altered, or moved from another place, or sealed elsewhere.
        """
        ...
