"""Enum values in the contract's short form: `KYC_STATUS_PENDING` of `KycStatus` is `pending`."""

import re

from google.protobuf.descriptor import EnumDescriptor, EnumValueDescriptor

from gateway.converters.field_error import FieldError

OMITTED = object()
"""What a writer answers for a value that is left out of the JSON."""

_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class EnumWriter(dict[int, object]):
    """Number to short name; UNSPECIFIED is OMITTED, a number of a newer core stays a number."""

    def __init__(self, descriptor: EnumDescriptor) -> None:
        """Of several names for one number (allow_alias) the first is written, as in proto3 JSON."""
        super().__init__()
        for value in descriptor.values:
            short = _short_name(descriptor, value)
            self.setdefault(value.number, OMITTED if short is None else short)

    def __missing__(self, number: int) -> int:
        return number


class EnumReader:
    """Short name to number."""

    __slots__ = ("_message", "_numbers", "names")

    def __init__(self, descriptor: EnumDescriptor) -> None:
        """Accept every name of the enum but UNSPECIFIED."""
        named = ((_short_name(descriptor, value), value.number) for value in descriptor.values)
        self._numbers = {name: number for name, number in named if name is not None}
        self.names = tuple(self._numbers)
        """What is accepted, in the order of the proto."""
        self._message = "must be one of: " + ", ".join(self.names)

    def __call__(self, value: object) -> int:
        """Raise FieldError for anything but a short name."""
        number = self._numbers.get(value) if isinstance(value, str) else None
        if number is None:
            raise FieldError("enum", self._message)
        return number


def _short_name(descriptor: EnumDescriptor, value: EnumValueDescriptor) -> str | None:
    """The name without its type's prefix; None for UNSPECIFIED."""
    prefix = _WORD_BOUNDARY.sub("_", descriptor.name).upper() + "_"
    short = value.name.removeprefix(prefix)
    return None if value.number == 0 and short == "UNSPECIFIED" else short.lower()
