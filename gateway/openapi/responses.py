"""What an operation answers: its success, and a problem document for each way to be refused."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from gateway.contract import HttpBinding, Rpc
from gateway.ndjson import CONTENT_TYPE as NDJSON
from gateway.openapi import examples, headers
from gateway.openapi.comments import Comments
from gateway.openapi.example_values import TRACE_ID
from gateway.openapi.json_types import Schema, Use
from gateway.openapi.messages import Messages, described
from gateway.openapi.reasons import COMMON, Reasons
from gateway.problem import CONTENT_TYPE, STATUS_OF_CODE, Problem

_TEXT: Final[Schema] = {"type": "string"}
_PROBLEM: Final[Schema] = {"$ref": "#/components/schemas/Problem"}


class Responses:
    """Makes the responses of operations; those that many share stand in `components/responses`."""

    def __init__(self, messages: Messages, comments: Comments, reasons: Reasons) -> None:
        """Take what makes schemas and knows comments and reasons."""
        self._messages = messages
        self._comments = comments
        self._reasons = reasons
        self.shared: dict[str, Schema] = {}

    def success(self, rpc: Rpc, binding: HttpBinding) -> Schema:
        """The answer of a call that was not refused."""
        schema, example = self._answer(rpc, binding)
        comment = self._comments.of(rpc.response.full_name) or HTTPStatus(rpc.success_status).phrase
        content: Schema = {"schema": schema}
        if example is not None and example is not examples.NONE:
            content["example"] = example
        response: Schema = {"description": comment, "headers": headers.of_success(rpc)}
        if rpc.server_streaming:
            return response | {"content": {NDJSON: _lines(schema, example)}}
        return response | {"content": {"application/json": content}}

    def _answer(self, rpc: Rpc, binding: HttpBinding) -> tuple[Schema, object]:
        """The schema of the answer's JSON, and an example."""
        if not binding.response_body:
            reference = self._messages.reference(rpc.response, Use.ANSWER)
            return reference, examples.of_message(rpc.response, Use.ANSWER)
        field = rpc.response.fields_by_name[binding.response_body]
        return self._messages.field(field, Use.ANSWER), examples.of_field(field, Use.ANSWER)

    def problems(self, reasons: list[str]) -> dict[str, Schema]:
        """The refusals, by status."""
        return {
            str(status): self._shared(status, group)
            for status, group in self._reasons.by_status(reasons).items()
        }

    def problem(self, status: int, reasons: list[str]) -> Schema:
        """A refusal with one status."""
        said = {reason: self._reasons.comments[reason] for reason in reasons}
        return {
            "description": described(HTTPStatus(status).phrase + ".", said),
            "headers": headers.of_problem(status),
            "content": {CONTENT_TYPE: {"schema": _PROBLEM, "example": self._example(reasons[0])}},
            "x-reasons": reasons,
        }

    def schemas(self) -> dict[str, Schema]:
        """The schemas of problem documents."""
        return {
            "Problem": _problem_schema(),
            "Violation": _object(
                "A field that breaks a rule.",
                {
                    "field": _TEXT | {"description": "The path of the field: `owner.tags[2]`."},
                    "rule": _TEXT | {"description": "The rule that is broken."},
                    "message": _TEXT | {"description": "What is wrong, in a sentence."},
                },
            ),
            "ErrorReason": {
                "type": "string",
                "description": described("Why a call was refused.", self._reasons.comments),
                "enum": list(self._reasons.comments),
            },
        }

    def _shared(self, status: int, reasons: list[str]) -> Schema:
        """A refusal that any call can meet has a name; one of its own kind stands in its place."""
        response = self.problem(status, reasons)
        name = "".join(word.capitalize() for word in HTTPStatus(status).phrase.split())
        if not COMMON.issuperset(reasons) or self.shared.setdefault(name, response) != response:
            return response
        return {"$ref": f"#/components/responses/{name}"}

    def _example(self, reason: str) -> Mapping[str, object]:
        problem = Problem(
            code=self._reasons.code(reason), reason=reason, detail=self._reasons.comments[reason]
        )
        return problem.document(TRACE_ID)


def _lines(schema: Schema, example: object) -> Schema:
    """OpenAPI 3.1 has no word for one line of many; 3.2 calls it `itemSchema`."""
    error = _object("The last line of a stream that broke.", {"error": _PROBLEM})
    return {
        "schema": _TEXT | {"description": "One JSON text per line, each valid by `x-itemSchema`."},
        "x-itemSchema": {"anyOf": [schema, error]},
        "example": f"{json.dumps(example)}\n",
    }


def _problem_schema() -> Schema:
    return _object(
        "A refusal (RFC 9457).",
        {
            "type": _TEXT
            | {"format": "uri", "description": "Names the reason for ever (RFC 4151)."},
            "title": _TEXT | {"description": "The reason in words."},
            "status": {"type": "integer", "description": "The HTTP status."},
            "detail": _TEXT | {"description": "What happened this time; written for people."},
            "code": {
                "type": "string",
                "enum": list(STATUS_OF_CODE),
                "description": "The name of the gRPC code.",
            },
            "reason": {"$ref": "#/components/schemas/ErrorReason"},
            "trace_id": _TEXT
            | {"pattern": "^[0-9a-f]{32}$", "description": "To be quoted when asking for help."},
        },
        {
            "violations": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/Violation"},
                "description": "The fields that are to blame, where fields are.",
            }
        },
    )


def _object(
    description: str, properties: Mapping[str, Schema], further: Mapping[str, Schema] | None = None
) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {**properties, **(further or {})},
        "required": list(properties),
    }
