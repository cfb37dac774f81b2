"""The request message of an RPC, from path, query and body."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gateway import query, request_body
from gateway.contract import ContractError
from gateway.converters.decoding import MessageReader, Readers
from gateway.converters.field_error import FieldError
from gateway.converters.scalars import Read
from gateway.exchange import Exchange
from gateway.percent import MalformedTextError
from gateway.problem import Violation, refuse
from gateway.query import TextField

_WHOLE: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """What a body may cost."""

    max_bytes: int
    timeout_seconds: float


class RequestMessageReader:
    """Builds the request message of one HTTP binding; made once, from descriptors.

    What the path names is not read from the body or the query as well; with `body: "*"` there are
    no query parameters (google.api.http). An empty body is an empty object.
    """

    def __init__(
        self,
        descriptor: Descriptor,
        variables: tuple[str, ...],
        body: str,
        *,
        readers: Readers,
        limits: BodyLimits,
    ) -> None:
        """Raise ContractError where path or body name a field that is not there."""
        self._message_class: type[Message] = GetMessageClass(descriptor)
        self._whole: MessageReader = readers.message(descriptor)
        self._body = body
        self._limits = limits
        fields = query.text_fields(descriptor, readers)
        missing = set(variables) - fields.keys()
        if missing or any(fields[name].repeated for name in variables):
            raise ContractError(f"{descriptor.full_name}: no field for {list(variables)}")
        self._variables = {name: fields.pop(name) for name in variables}
        self._body_field: Read | None = None
        if body not in {"", _WHOLE}:
            if body not in descriptor.fields_by_name:
                raise ContractError(f"{descriptor.full_name} has no field {body}")
            self._body_field = readers.field(descriptor.fields_by_name[body])
        self._parameters: Mapping[str, TextField] = (
            {}
            if body == _WHOLE
            else {name: field for name, field in fields.items() if field.path[0] != body}
        )

    async def read(self, exchange: Exchange, variables: Mapping[str, str]) -> Message:
        """Build the message. Raises ProblemError: everything that request_body and this refuse."""
        request = exchange.request
        body = await request_body.read(
            request,
            max_bytes=self._limits.max_bytes,
            timeout_seconds=self._limits.timeout_seconds,
        )
        if body and not self._body:
            raise refuse("MALFORMED_REQUEST", "This method takes no body.")
        document = request_body.parse(request, body) if body else None
        try:
            message = self._from_body(document) if body else self._message_class()
            if request.rel_url.raw_query_string:
                self._add_query(message, request.rel_url.raw_query_string)
            for name, text in variables.items():
                self._variables[name].set_on(message, (text,))
        except FieldError as error:
            violation = Violation(field=error.field, rule=error.rule, message=error.message)
            detail = "The request does not have the form that this method asks for."
            raise refuse("MALFORMED_REQUEST", detail, violation) from None
        except MalformedTextError:
            detail = "The query is not percent-encoded UTF-8."
            raise refuse("MALFORMED_REQUEST", detail) from None
        return message

    def _from_body(self, document: object) -> Message:
        if self._body_field is None:
            if isinstance(document, dict):
                for name in self._variables.keys() & document.keys():
                    raise FieldError("unknown_field", "is taken from the path", name)
            return self._whole(document)
        try:
            return self._message_class(**{self._body: self._body_field(document)})
        except FieldError as error:
            raise error.under(self._body) from None

    def _add_query(self, message: Message, raw_query: str) -> None:
        for name, texts in query.parse(raw_query).items():
            field = self._parameters.get(name)
            if field is None:
                raise FieldError("unknown_parameter", "is not a parameter of this method", name)
            field.set_on(message, texts)
