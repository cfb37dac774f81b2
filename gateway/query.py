"""Query parameters: `?status=active&page_size=10` by the request message's own fields."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.converters import well_known
from gateway.converters.decoding import Readers, text_reader
from gateway.converters.field_error import FieldError
from gateway.converters.scalars import Read
from gateway.percent import decode

_OBJECTS: Final = frozenset(
    {"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextField:
    """A field that is set from text: by a query parameter or by a path variable."""

    path: tuple[str, ...]
    read: Read
    repeated: bool
    submessage: bool

    def set_on(self, message: Message, texts: Iterable[str]) -> None:
        """Set the field of a message. Raises FieldError."""
        name = ".".join(self.path)
        try:
            values = [self.read(text) for text in texts]
        except FieldError as error:
            raise error.under(name) from None
        if len(values) > 1 and not self.repeated:
            raise FieldError("repeated", "must stand once", name)
        *parents, leaf = self.path
        for parent in parents:
            message = getattr(message, parent)
        if self.repeated:
            getattr(message, leaf).extend(values)
        elif self.submessage:
            getattr(message, leaf).CopyFrom(values[0])
        else:
            setattr(message, leaf, values[0])


def text_fields(descriptor: Descriptor, readers: Readers) -> dict[str, TextField]:
    """Every field of a message that text can set, by its dotted path."""
    return {
        name: TextField(
            path=tuple(name.split(".")),
            read=text_reader(field, readers.element(field)),
            repeated=field.is_repeated,
            submessage=field.message_type is not None,
        )
        for name, field in text_descriptors(descriptor)
    }


def text_descriptors(descriptor: Descriptor) -> Iterator[tuple[str, FieldDescriptor]]:
    """The descriptors of those fields, each with its dotted path."""
    return _text_descriptors(descriptor, "", frozenset({descriptor.full_name}))


def parse(raw_query: str) -> dict[str, list[str]]:
    """Split a raw query string into decoded values by decoded name; `+` is a space (WHATWG URL).

    Raises MalformedTextError.
    """
    parameters: dict[str, list[str]] = {}
    for part in raw_query.split("&"):
        if part:
            name, _, value = part.replace("+", " ").partition("=")
            parameters.setdefault(decode(name), []).append(decode(value))
    return parameters


def _text_descriptors(
    descriptor: Descriptor, parent: str, seen: frozenset[str]
) -> Iterator[tuple[str, FieldDescriptor]]:
    for field in descriptor.fields:
        path = parent + field.name
        message = field.message_type
        if message is None or message.full_name in well_known.TEXT | well_known.WRAPPERS:
            yield path, field
        elif not field.is_repeated and message.full_name not in seen | _OBJECTS:
            yield from _text_descriptors(message, path + ".", seen | {message.full_name})
