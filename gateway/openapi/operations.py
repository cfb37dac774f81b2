"""One operation for each HTTP binding of each RPC."""

from typing import Final

from gateway.contract import HttpBinding, Rpc
from gateway.converters.enums import EnumWriter
from gateway.openapi import examples, parameters
from gateway.openapi.comments import Comments, summary
from gateway.openapi.json_types import Schema, Use
from gateway.openapi.messages import Messages
from gateway.openapi.reasons import Reasons
from gateway.openapi.responses import Responses
from gateway.path_template import PathTemplate
from pandora.options.v1 import access_pb2

_BEARER: Final[Schema] = {"bearerAuth": []}
_ROLE = EnumWriter(access_pb2.CallerRole.DESCRIPTOR)
_RATE = EnumWriter(access_pb2.RateClass.DESCRIPTOR)


class Operations:
    """Makes operations."""

    def __init__(
        self, messages: Messages, comments: Comments, reasons: Reasons, responses: Responses
    ) -> None:
        """Take what makes their parts."""
        self._messages = messages
        self._comments = comments
        self._reasons = reasons
        self._responses = responses

    def of(self, rpc: Rpc, number: int, binding: HttpBinding, template: PathTemplate) -> Schema:
        """The operation of one binding; `number` counts an RPC's bindings from 0."""
        service, _, method = rpc.name.rpartition(".")
        comment = self._comments.of(rpc.name)
        reasons = self._reasons.of(rpc, binding, comment)
        operation: Schema = {
            "operationId": _id(service, method) + (f"_{number + 1}" if number else ""),
            "tags": [tag(service)],
            "summary": summary(comment) or method,
            "description": "\n\n".join(text for text in (comment, _access(rpc)) if text),
            "security": _security(rpc, reasons),
            "parameters": parameters.of(rpc, binding, template, self._messages),
        }
        if (body := self._body(rpc, binding, template)) is not None:
            operation["requestBody"] = body
        operation["responses"] = {
            str(rpc.success_status): self._responses.success(rpc, binding),
            **self._responses.problems(reasons),
        }
        return operation | _extensions(rpc)

    def _body(self, rpc: Rpc, binding: HttpBinding, template: PathTemplate) -> Schema | None:
        """The body; None where there is nothing that it could say."""
        example: object
        if binding.body == "*":
            without = frozenset(template.variables)
            if all(field.name in without for field in rpc.request.fields):
                return None
            schema = self._messages.reference(rpc.request, Use.BODY, without)
            example = examples.of_message(rpc.request, Use.BODY, without)
            name = str(schema["$ref"]).rpartition("/")[2]
            required = bool(self._messages.schemas[name].get("required"))
            required = required or "allOf" in self._messages.schemas[name]
        elif binding.body:
            field = rpc.request.fields_by_name[binding.body]
            schema = self._messages.field(field, Use.BODY)
            example = examples.of_field(field, Use.BODY)
            required = False
        else:
            return None
        content: Schema = {"schema": schema}
        if example is not None and example is not examples.NONE:
            content["example"] = example
        return {"required": required, "content": {"application/json": content}}


def tag(service: str) -> str:
    """The name of a service's tag."""
    return service.rpartition(".")[2].removesuffix("Service")


def _id(service: str, method: str) -> str:
    return f"{service.rpartition('.')[2]}_{method}"


def roles(rule: access_pb2.AccessRule) -> list[str]:
    """Who may call: `anyone`, `self`, and the names of roles."""
    named = [name for name in ("anyone", "self") if getattr(rule, name)]
    return [*named, *(str(_ROLE[role]) for role in rule.roles)]


def _access(rpc: Rpc) -> str:
    """The access rule in sentences."""
    rule = rpc.access
    named = [f"`{_ROLE[role]}`" for role in rule.roles]
    if rule.anyone:
        sentences = ["Open to anyone."]
    elif not rule.self and not named:
        sentences = ["Open to nobody."]
    else:
        who = ["the user themselves"] if rule.self else []
        who += [f"the role{'s' * (len(named) > 1)} {', '.join(named)}"] if named else []
        sentences = [f"For {' and '.join(who)}."]
    if rule.never_self:
        sentences.append("Never on oneself.")
    if rule.recent_authentication:
        sentences.append("About oneself it needs a login of the last minutes.")
    if rule.idempotency_keys == access_pb2.IDEMPOTENCY_KEYS_REFUSED and rpc.has_side_effects:
        sentences.append("Takes no `Idempotency-Key`.")
    return " ".join(sentences)


def _security(rpc: Rpc, reasons: list[str]) -> list[Schema]:
    if not rpc.access.anyone:
        return [_BEARER]
    # Open, and yet it looks at a token where there is one.
    return [{}, _BEARER] if "TOKEN_MISSING" in reasons else []


def _extensions(rpc: Rpc) -> Schema:
    return {
        "x-roles": roles(rpc.access),
        "x-never-self": rpc.access.never_self,
        "x-recent-authentication": rpc.access.recent_authentication,
        "x-rate-class": _RATE[rpc.access.rate_class] if rpc.access.rate_class else "write",
        "x-grpc-method": rpc.path,
    }
