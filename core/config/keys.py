"""The catalogue of settings, read off the records in `settings`."""

import dataclasses
import functools
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Annotated, cast, get_args, get_origin, get_type_hints

from core.config.rules import Rule
from core.config.settings import Settings

Value = bool | int | float | str | tuple[str, ...] | Path | None

_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")

_WORDS: Mapping[object, str] = MappingProxyType(
    {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "text",
        Path: "a path",
        tuple[str, ...]: "a list of texts (separated by commas in the environment)",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One setting: its name, the type and the rules of its value."""

    section: str
    name: str
    kind: object
    optional: bool
    rules: tuple[Rule, ...]
    default: Value
    required: bool

    @property
    def path(self) -> str:
        """`section.name`, as a YAML file nests it."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"PANDORA_{self.section}__{self.name}".upper()

    def parse(self, raw: object, *, text: bool) -> Value:
        """Turn what was written (`text`: in the environment; else in YAML) into a checked value.

        Raises:
            ValueError: it has another type or breaks a rule; the message does not repeat it.
        """
        if self.optional and (raw is None or (text and raw == "")):
            return None
        value = _from_text(self.kind, str(raw)) if text else _from_yaml(self.kind, raw)
        if value is None:
            raise ValueError(f"must be {_WORDS[self.kind]}")
        for rule in self.rules:
            if complaint := rule.complaint(value):
                raise ValueError(complaint)
        return value


@functools.cache
def catalogue() -> Mapping[str, Key]:
    """Return every setting by its path, in the order of the records."""
    return {key.path: key for key in _keys()}


def sections() -> Mapping[str, type]:
    """Return the record of each section by its name."""
    hints = get_type_hints(Settings)
    return {
        name: hint
        for name, hint in hints.items()
        if isinstance(hint, type) and dataclasses.is_dataclass(hint)
    }


def _keys() -> Iterator[Key]:
    for section, record in sections().items():
        hints = get_type_hints(record, include_extras=True)
        for field in dataclasses.fields(record):
            kind, optional, rules = _unwrap(hints[field.name])
            required = field.default is dataclasses.MISSING
            default: Value = None if required else cast(Value, field.default)
            yield Key(
                section=section,
                name=field.name,
                kind=kind,
                optional=optional,
                rules=rules,
                default=default,
                required=required,
            )


def _unwrap(hint: object) -> tuple[object, bool, tuple[Rule, ...]]:
    if get_origin(hint) is Annotated:
        kind, *extras = get_args(hint)
        return kind, False, tuple(extras)
    alternatives: list[object] = [part for part in get_args(hint) if part is not NoneType]
    if NoneType in get_args(hint) and len(alternatives) == 1:
        kind, _, rules = _unwrap(alternatives[0])
        return kind, True, rules
    return hint, False, ()


def _from_yaml(kind: object, raw: object) -> Value:
    match raw:
        case bool():
            return raw if kind is bool else None
        case int() | float():
            return _number(kind, raw)
        case str():
            return _from_word(kind, raw)
        case list() if kind == tuple[str, ...] and all(isinstance(item, str) for item in raw):
            return tuple(raw)
        case _:
            return None


def _from_text(kind: object, text: str) -> Value:
    if kind is bool:
        return {"true": True, "false": False}.get(text)
    if kind == tuple[str, ...]:
        return tuple(item.strip() for item in text.split(",") if item.strip())
    if (kind is int or kind is float) and _NUMBER.fullmatch(text):
        return _number(kind, float(text) if "." in text else int(text))
    return _from_word(kind, text)


def _number(kind: object, raw: float) -> Value:
    if kind is int:
        return raw if isinstance(raw, int) else None
    return float(raw) if kind is float and abs(raw) <= sys.float_info.max else None


def _from_word(kind: object, text: str) -> Value:
    if kind is Path:
        return Path(text) if text else None
    return text if kind is str else None
