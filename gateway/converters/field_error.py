"""What is wrong with one field of a request."""

from typing import Self

_LONGEST_SEGMENT = 100


class FieldError(Exception):
    """A value cannot be read as its field's type.

    `rule` names what was broken, `message` completes the sentence "this field …" and never repeats
    the value. The path grows outwards while the error leaves the converters.
    """

    def __init__(self, rule: str, message: str, *path: str | int) -> None:
        """Begin with the innermost part of the path, or with none."""
        super().__init__(rule)
        self.rule = rule
        self.message = message
        self._path = list(path)

    def under(self, segment: str | int) -> Self:
        """Say in which field, or at which index, this was found."""
        self._path.insert(0, segment)
        return self

    @property
    def field(self) -> str:
        """The path as protovalidate writes it: `owner.tags[2]`. Empty for the whole document."""
        text = ""
        for segment in self._path:
            if isinstance(segment, int):
                text += f"[{segment}]"
            else:
                text += ("." if text else "") + printable(segment)
        return text


def printable(name: str) -> str:
    """A name that a client sent, made safe for an answer: short, without controls or surrogates."""
    shown = name if len(name) <= _LONGEST_SEGMENT else name[:_LONGEST_SEGMENT] + "…"
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in shown
    )
