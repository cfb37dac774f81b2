"""Idempotency keys: how one is written, and which methods take one.

The header is that of draft-ietf-httpapi-idempotency-key-header-07, which writes a key as a string
of RFC 9651 section 3.3.3, in quotes. Most clients leave the quotes away; both name the same key.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions

from core.domain.errors import ValidationFailed, Violation
from core.middleware.access_rule import AccessRuleInvalid
from pandora.options.v1 import access_pb2

METADATA_KEY: Final = "idempotency-key"
LONGEST_KEY: Final = 255
"""Characters of a key, without quotes."""

_ACCESS: Any = access_pb2.access
"""The option's extension; generated code and type stubs disagree on its class."""

_BARE = re.compile(r"[!#-~][!-~]*")
_QUOTED = re.compile(r'"((?:[!#-\[\]-~]|\\["\\])+)"')
_ESCAPED = re.compile(r"\\(.)")


def parse_key(values: Sequence[str]) -> str:
    """Return the key.

    Raises:
        ValidationFailed: it is not 1 to 255 visible ASCII characters, in quotes or without them,
            or there is more than one.
    """
    if len(values) == 1:
        quoted = _QUOTED.fullmatch(values[0])
        key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else values[0]
        if (quoted or _BARE.fullmatch(key)) and len(key) <= LONGEST_KEY:
            return key
    message = f"must be one key of 1 to {LONGEST_KEY} visible ASCII characters"
    raise ValidationFailed(Violation(METADATA_KEY, "idempotency_key.form", message))


def refuse_key() -> ValidationFailed:
    """Return the refusal of a method whose answers are kept nowhere."""
    message = "is not taken by this method, whose answers are kept nowhere"
    return ValidationFailed(Violation(METADATA_KEY, "idempotency_key.refused", message))


def methods_with_keys(services: Iterable[ServiceDescriptor]) -> Mapping[str, bool]:
    """Return, of each method that changes something, whether it takes a key.

    One that the contract says nothing of does not. Methods without side effects, which are left
    out, have no use for a key.

    Raises:
        AccessRuleInvalid: a method takes keys whose answers cannot be kept, or have no need to be.
    """
    return MappingProxyType(
        {
            f"{service.full_name}/{method.name}": _takes_key(method)
            for service in services
            for method in service.methods
            if not _is_safe(method)
        }
    )


def _is_safe(method: MethodDescriptor) -> bool:
    is_safe = method.GetOptions().idempotency_level == MethodOptions.NO_SIDE_EFFECTS
    if is_safe and _rule(method) != access_pb2.IDEMPOTENCY_KEYS_UNSPECIFIED:
        raise AccessRuleInvalid(method.full_name, "a key means nothing where nothing is changed")
    return is_safe


def _takes_key(method: MethodDescriptor) -> bool:
    takes_key = _rule(method) == access_pb2.IDEMPOTENCY_KEYS_ACCEPTED
    if takes_key and (method.client_streaming or method.server_streaming):
        raise AccessRuleInvalid(method.full_name, "streams are not kept for an idempotency key")
    return takes_key


def _rule(method: MethodDescriptor) -> int:
    rule: int = method.GetOptions().Extensions[_ACCESS].idempotency_keys
    return rule
