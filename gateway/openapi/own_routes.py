"""The gateway's own routes, which stand in no proto."""

from typing import Final

from gateway.openapi.json_types import Schema
from gateway.openapi.responses import Responses

TAG: Final[Schema] = {"name": "Gateway", "description": "The door itself."}


def paths(responses: Responses) -> dict[str, Schema]:
    """The path items of what every gateway serves."""
    away = responses.problem(503, ["DEPENDENCY_UNAVAILABLE"])
    return {
        "/healthz": {
            "get": _operation(
                "alive",
                "The process answers",
                {"200": _answer("It is alive.", _status("alive"))},
            )
        },
        "/readyz": {
            "get": _operation(
                "ready",
                "The core serves, and this process is not about to end",
                {"200": _answer("It is ready.", _status("ready")), "503": away},
            )
        },
        "/openapi.json": {
            "get": _operation(
                "openapi",
                "This document",
                {
                    "200": _answer("OpenAPI 3.1.", {"type": "object"}),
                    "304": {"description": "It is what `If-None-Match` names."},
                },
            )
        },
    }


def _operation(name: str, summary: str, responses: dict[str, Schema]) -> Schema:
    return {
        "operationId": f"Gateway_{name}",
        "tags": [TAG["name"]],
        "summary": summary,
        "security": [],
        "responses": responses,
    }


def _answer(description: str, schema: Schema) -> Schema:
    request_id = {"$ref": "#/components/headers/X-Request-Id"}
    return {
        "description": description,
        "headers": {"X-Request-Id": request_id},
        "content": {"application/json": {"schema": schema}},
    }


def _status(word: str) -> Schema:
    return {
        "type": "object",
        "properties": {"status": {"const": word}},
        "required": ["status"],
        "example": {"status": word},
    }
