"""The whole document."""

from collections.abc import Iterable, Sequence
from typing import Final

from google.protobuf.descriptor import ServiceDescriptor

from gateway.contract import rpcs_of
from gateway.converters import json_text
from gateway.openapi import headers, own_routes, parameters
from gateway.openapi.comments import Comments
from gateway.openapi.json_types import Schema
from gateway.openapi.messages import Messages
from gateway.openapi.operations import Operations, tag
from gateway.openapi.reasons import Reasons
from gateway.openapi.responses import Responses
from gateway.path_template import PathTemplate

VERSION: Final = "3.1.0"

# What a path item of OpenAPI 3.1 has a place for; another method is served and not described.
_METHODS: Final = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"})
_DESCRIPTION: Final = """\
Identity, sessions, second factors, KYC and the audit log of the Pandora Exchange platform. The
same contract is served over gRPC (`pandora.user.v1`).

**Credentials.** `POST /v1/auth/login` answers an access token (15 minutes) and a refresh token;
send the former as `Authorization: Bearer …`, exchange the latter at `POST /v1/auth/refresh`.

**JSON.** Names are snake_case, times RFC 3339 in UTC, ids UUIDs. An unset optional field is left
out of answers; `null` in a request is the same as leaving the field out. Unknown fields and
parameters are refused.

**Refusals** are problem documents (RFC 9457) with a stable `reason`. `Retry-After` says when to
come back. Quote `trace_id` when asking for help.

**Tracing.** `X-Request-Id` (up to 128 visible ASCII characters) and `traceparent` (W3C) of a
request are carried on; each answer says its `X-Request-Id`. `Grpc-Timeout` (`500m`, `2S`)
shortens the wait.
"""


def build(services: Sequence[ServiceDescriptor], comments: Comments) -> Schema:
    """Describe every HTTP binding of some services, and the gateway's own routes."""
    reasons = Reasons(comments)
    messages = Messages(comments)
    responses = Responses(messages, comments, reasons)
    operations = Operations(messages, comments, reasons, responses)
    paths: dict[str, Schema] = {}
    for rpc in rpcs_of(services):
        for number, binding in enumerate(rpc.bindings):
            if binding.method in _METHODS:
                template = PathTemplate.parse(binding.template)
                item = paths.setdefault(_path(template), {})
                item[binding.method.lower()] = operations.of(rpc, number, binding, template)
    own = own_routes.paths(responses)
    used = [service for service in services if any(rpc.bindings for rpc in rpcs_of([service]))]
    return {
        "openapi": VERSION,
        "info": {
            "title": "Pandora user service",
            "version": "1.0.0",
            "summary": "Accounts, sessions, KYC and audit over REST.",
            "description": _DESCRIPTION,
        },
        "servers": [{"url": "/", "description": "Where this document was read."}],
        "security": [{"bearerAuth": []}],
        "tags": [*_tags(used, comments), own_routes.TAG],
        "paths": {**paths, **own},
        "components": {
            "schemas": _sorted({**messages.schemas, **responses.schemas()}),
            "responses": _sorted(responses.shared),
            "parameters": parameters.SHARED,
            "headers": headers.SHARED,
            "securitySchemes": {
                "bearerAuth": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The access token of a login (ES256, RFC 9068).",
                }
            },
        },
    }


def to_bytes(document: Schema) -> bytes:
    """The document as UTF-8 JSON, as it is served."""
    return json_text.write(document).encode()


def _path(template: PathTemplate) -> str:
    """The template in OpenAPI's words: a variable is nothing but its name."""
    variables = iter(template.variables)
    segments = (f"{{{next(variables)}}}" if part is None else part for part in template.segments)
    return "/" + "/".join(segments) + template.verb


def _tags(services: Iterable[ServiceDescriptor], comments: Comments) -> list[Schema]:
    return [
        {"name": tag(service.full_name), "description": comments.of(service.full_name)}
        for service in services
    ]


def _sorted(named: dict[str, Schema]) -> dict[str, Schema]:
    return {name: named[name] for name in sorted(named)}
