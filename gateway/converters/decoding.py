"""JSON to protobuf messages."""

from collections.abc import Mapping
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway.converters import scalars, well_known
from gateway.converters.enums import EnumReader
from gateway.converters.field_error import FieldError
from gateway.converters.scalars import Read

_VALUE: Final = "google.protobuf.Value"


class MessageReader:
    """Reads the JSON object of one message type; built once, then only followed."""

    __slots__ = ("_message_class", "_nullable", "_oneofs", "_readers")

    def __init__(self, descriptor: Descriptor) -> None:
        """Make an empty reader; `Readers` fills it, so that a type may hold itself."""
        self._message_class: type[Message] = GetMessageClass(descriptor)
        self._readers: dict[str, Read] = {}
        self._nullable: frozenset[str] = frozenset()
        self._oneofs: Mapping[str, str] = {}

    def fill(self, readers: dict[str, Read], descriptor: Descriptor) -> None:
        """Take the readers of the fields, by name."""
        self._readers = readers
        self._nullable = frozenset(
            field.name
            for field in descriptor.fields
            if field.message_type is not None
            and field.message_type.full_name == _VALUE
            and not field.is_repeated
        )
        # The compiler's own oneof behind an `optional` field holds that one field alone.
        self._oneofs = {
            field.name: oneof.name
            for oneof in descriptor.oneofs
            if len(oneof.fields) > 1
            for field in oneof.fields
        }

    def __call__(self, document: object) -> Message:
        """Make a message; null leaves a field unset. Raises FieldError."""
        return self._message_class(**self.values(document))

    def values(self, document: object) -> dict[str, object]:
        """The arguments of the message's constructor. Raises FieldError."""
        if not isinstance(document, dict):
            raise FieldError("type", "must be an object")
        values: dict[str, object] = {}
        readers = self._readers
        for name, member in document.items():
            reader = readers.get(name)
            if reader is None:
                raise FieldError("unknown_field", "is not a field of this object", name)
            if member is None and name not in self._nullable:
                continue
            try:
                values[name] = reader(member)
            except FieldError as error:
                raise error.under(name) from None
        if self._oneofs:
            self._refuse_contradiction(values)
        return values

    def _refuse_contradiction(self, values: dict[str, object]) -> None:
        chosen: dict[str, str] = {}
        for name in values:
            oneof = self._oneofs.get(name)
            if oneof is None:
                continue
            if oneof in chosen:
                raise FieldError("oneof", f"excludes {chosen[oneof]}", name)
            chosen[oneof] = name


class Readers:
    """Every reader that was asked for, by the full name of its message type."""

    def __init__(self) -> None:
        """Begin with none."""
        self._messages: dict[str, MessageReader] = {}

    def message(self, descriptor: Descriptor) -> MessageReader:
        """The reader of a type's JSON object. Raises UnsupportedTypeError."""
        reader = self._messages.get(descriptor.full_name)
        if reader is None:
            reader = self._messages[descriptor.full_name] = MessageReader(descriptor)
            reader.fill({field.name: self.field(field) for field in descriptor.fields}, descriptor)
        return reader

    def field(self, field: FieldDescriptor) -> Read:
        """The reader of a field's JSON: an array where it is repeated, an object for a map."""
        if not field.is_repeated:
            return self.element(field)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
            return _map_reader(text_reader(key, self.element(key)), self.element(value))
        return _array_reader(self.element(field))

    def element(self, field: FieldDescriptor) -> Read:
        """The reader of one value of a field."""
        if field.enum_type is not None:
            return EnumReader(field.enum_type)
        if field.message_type is None:
            return scalars.READERS[field.type]
        name = field.message_type.full_name
        if name in well_known.UNSUPPORTED:
            raise well_known.UnsupportedTypeError(field.message_type)
        if name in well_known.WRAPPERS:
            return _wrapper_reader(field.message_type)
        return well_known.READERS.get(name) or self.message(field.message_type)


def text_reader(field: FieldDescriptor, element: Read) -> Read:
    """The reader of a value that comes as text: in a query, in a path, as the key of a map.

    Readers take numbers, enums and times as text already; a bool alone they do not.
    """
    if field.type == FieldDescriptor.TYPE_BOOL:
        return scalars.read_bool_text
    if field.message_type is not None and field.message_type.full_name in well_known.WRAPPERS:
        value = field.message_type.fields_by_name["value"]
        return _wrapper_reader(field.message_type, text_reader(value, scalars.READERS[value.type]))
    return element


def _wrapper_reader(descriptor: Descriptor, read: Read | None = None) -> Read:
    wrapper: type[Message] = GetMessageClass(descriptor)
    read_scalar = read or scalars.READERS[descriptor.fields_by_name["value"].type]
    return lambda value: wrapper(value=read_scalar(value))


def _array_reader(element: Read) -> Read:
    def read(value: object) -> list[object]:
        if not isinstance(value, list):
            raise FieldError("type", "must be an array")
        items: list[object] = []
        for index, item in enumerate(value):
            try:
                items.append(element(item))
            except FieldError as error:
                raise error.under(index) from None
        return items

    return read


def _map_reader(read_key: Read, read_value: Read) -> Read:
    def read(value: object) -> dict[object, object]:
        if not isinstance(value, dict):
            raise FieldError("type", "must be an object")
        members: dict[object, object] = {}
        for name, member in value.items():
            try:
                members[read_key(name)] = read_value(member)
            except FieldError as error:
                raise error.under(name) from None
        return members

    return read
