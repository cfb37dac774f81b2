"""The path templates of google.api.http: `/v1/users/{user_id}:restore`."""

import re
from dataclasses import dataclass
from typing import Final

# https://github.com/googleapis/googleapis/blob/master/google/api/http.proto, "Path template syntax"
_LITERAL: Final = re.compile(r"[A-Za-z0-9._~!$&'()+,;=@-]+")
_VARIABLE: Final = re.compile(r"\{([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*)(?:=\*)?\}")


class TemplateError(Exception):
    """A template is not understood, or asks for segments that a variable here never spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathTemplate:
    """A parsed template."""

    text: str
    segments: tuple[str | None, ...]
    """A literal, or None where a variable stands."""
    variables: tuple[str, ...]
    """The field paths of the variables, from left to right."""
    verb: str
    """The verb of the last segment with its colon (`:restore`); empty without one."""

    @classmethod
    def parse(cls, text: str) -> "PathTemplate":
        """Read a template. Raises TemplateError.

        `**`, `*` outside a variable and patterns of several segments are refused: by the contract
        a variable is one segment.
        """
        path, colon, verb = text.partition(":")
        if not path.startswith("/") or (colon and not _LITERAL.fullmatch(verb)):
            raise TemplateError(f"{text} is not a path template")
        segments: list[str | None] = []
        variables: list[str] = []
        for segment in path[1:].split("/"):
            variable = _VARIABLE.fullmatch(segment)
            if variable:
                variables.append(variable[1])
            elif not _LITERAL.fullmatch(segment):
                raise TemplateError(f"{text}: the segment {segment!r} is not understood")
            segments.append(None if variable else segment)
        if len(set(variables)) != len(variables):
            raise TemplateError(f"{text} names a variable twice")
        return cls(
            text=text, segments=tuple(segments), variables=tuple(variables), verb=colon + verb
        )
