"""Protobuf messages to JSON."""

from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.converters import scalars, well_known
from gateway.converters.enums import OMITTED, EnumWriter
from gateway.converters.scalars import Write

_VALUE_ALONE: Final = "value"


class MessageWriter:
    """Makes the JSON object of one message type; built once, then only followed."""

    __slots__ = ("_fields",)

    def __init__(self) -> None:
        """Make an empty writer; `Writers` fills it, so that a type may hold itself."""
        self._fields: tuple[tuple[str, bool, Write | None], ...] = ()

    def fill(self, fields: tuple[tuple[str, bool, Write | None], ...]) -> None:
        """Take, per field: its name, whether it can be unset, and its writer if it needs one."""
        self._fields = fields

    def __call__(self, message: Message) -> dict[str, object]:
        """Leave out what is unset, and UNSPECIFIED enums; write every other default out."""
        document: dict[str, object] = {}
        is_set = message.HasField
        for name, can_be_unset, write in self._fields:
            if can_be_unset and not is_set(name):
                continue
            value = getattr(message, name)
            if write is not None:
                value = write(value)
                if value is OMITTED:
                    continue
            document[name] = value
        return document


class Writers:
    """Every writer that was asked for, by the full name of its message type."""

    def __init__(self) -> None:
        """Begin with none."""
        self._messages: dict[str, MessageWriter] = {}

    def message(self, descriptor: Descriptor) -> MessageWriter:
        """The writer of a type's JSON object. Raises UnsupportedTypeError."""
        writer = self._messages.get(descriptor.full_name)
        if writer is None:
            writer = self._messages[descriptor.full_name] = MessageWriter()
            writer.fill(
                tuple(
                    (field.name, field.has_presence, self.field(field))
                    for field in descriptor.fields
                )
            )
        return writer

    def field(self, field: FieldDescriptor) -> Write | None:
        """The writer of a field's JSON; None where the value is its own JSON."""
        if not field.is_repeated:
            return self.element(field)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
            return _map_writer(key, self.element(value))
        return _array_writer(self.element(field))

    def element(self, field: FieldDescriptor) -> Write | None:
        """The writer of one value of a field; None where the value is its own JSON."""
        if field.enum_type is not None:
            return EnumWriter(field.enum_type).__getitem__
        if field.message_type is None:
            return scalars.WRITERS.get(field.type)
        name = field.message_type.full_name
        if name in well_known.UNSUPPORTED:
            raise well_known.UnsupportedTypeError(field.message_type)
        if name in well_known.WRAPPERS:
            return _wrapper_writer(field.message_type)
        return well_known.WRITERS.get(name) or self.message(field.message_type)


def _wrapper_writer(descriptor: Descriptor) -> Write:
    write = scalars.WRITERS.get(descriptor.fields_by_name[_VALUE_ALONE].type)
    if write is None:
        return lambda message: message.value
    return lambda message: write(message.value)


def _array_writer(write: Write | None) -> Write:
    if write is None:
        return list
    return lambda values: [
        item for item in (write(value) for value in values) if item is not OMITTED
    ]


def _map_writer(key: FieldDescriptor, write: Write | None) -> Write:
    """Names are sorted: a map has no order of its own, and answers should repeat."""
    lower = key.type == FieldDescriptor.TYPE_BOOL

    def write_map(values: dict[object, object]) -> dict[str, object]:
        named = {
            str(name).lower() if lower else str(name): write(value) if write else value
            for name, value in values.items()
        }
        return {name: named[name] for name in sorted(named) if named[name] is not OMITTED}

    return write_map
