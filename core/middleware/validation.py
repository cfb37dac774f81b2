"""Field rules of the contract (buf.validate), by protovalidate."""

from collections.abc import Iterable

from google.protobuf import message_factory
from google.protobuf.descriptor import ServiceDescriptor
from protovalidate import FieldPathElementPb, Validator
from protovalidate import Violation as FoundViolation

from core.domain.errors import ValidationFailed, Violation
from core.middleware.call import Answer, Call, Next
from core.middleware.errors import MAX_VIOLATIONS


class Validation:
    """Stage: refuses a request that breaks a rule of its fields; unknown enum numbers included."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        """Compile the rules of every request, so that no call pays for it.

        Raises:
            protovalidate.CompilationError: a rule makes no sense.
        """
        self._validator = Validator()
        for service in services:
            for method in service.methods:
                empty = message_factory.GetMessageClass(method.input_type)()
                self._validator.collect_violations(empty)

    async def __call__(self, call: Call, proceed: Next) -> Answer:
        """Let a valid request pass.

        Raises:
            ValidationFailed: it breaks rules; at most 20 are named.
        """
        if found := self._validator.collect_violations(call.request):
            raise ValidationFailed(*map(_violation, found[:MAX_VIOLATIONS]))
        return await proceed(call)


def _violation(found: FoundViolation) -> Violation:
    """Translate; the messages of the standard rules name the rule's bounds, never the value."""
    proto = found.proto
    path = "" if proto.field is None else ".".join(map(_step, proto.field.elements))
    return Violation(path, proto.rule_id, proto.message)


def _step(element: FieldPathElementPb) -> str:
    """Write a field with its index; a map's key would repeat what the client sent."""
    subscript = element.subscript
    if subscript is not None and subscript.field == "index":
        return f"{element.field_name}[{subscript.value}]"
    return element.field_name
