"""Whatever text stands in a request's field, a real database never makes an INTERNAL of it."""

from collections.abc import Iterator
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from core.domain.user import Role
from tests.integration.grpc_core import core_on, person
from tests.servers import Database
from tests.unit.middleware.requests import ABOUT_A_USER, OTHERS

pytestmark = pytest.mark.asyncio

NOBODY = "019a2f60-9999-7aaa-8bbb-c0ffee000009"
TEXTS = {
    "empty": "",
    "NUL": "a\0b",
    "only NUL": "\0",
    "control characters": "a\r\n\x1b[31mb",
    "direction marks": "a\u202eb\u2066c",
    "beyond the BMP": "\U0001f600" * 20,
    "not a character": "\ufffe\uffff",
    "combining marks": "e" + "\u0301" * 300,
    "expands under folding": "ß\u0130\ufb03" * 100,
    "expands under NFKC": "\ufdfa" * 128,
    "SQL": "'; DROP TABLE users; --",
    "LIKE pattern": "%_\\%",
    "format string": "%s{0}%(x)s",
    "long": "x" * 100_000,
    "address": "a@b.example",
    "address of odd characters": "\u202ea'%_\\@\U0001f600.example",
}
FORESEEN = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.FAILED_PRECONDITION,
}


def hostile(request: Message) -> Iterator[tuple[str, Message]]:
    """Yield the request with each text in each of its fields, and a name for it."""
    for field in request.DESCRIPTOR.fields:
        if field.type != FieldDescriptor.TYPE_STRING:
            continue
        for name, text in TEXTS.items():
            changed = type(request)()
            changed.CopyFrom(request)
            if field.is_repeated:
                getattr(changed, field.name).append(text)
            else:
                setattr(changed, field.name, text)
            yield f"{field.name}: {name}", changed


async def test_every_text_in_every_field_is_answered_as_foreseen(database: Database) -> None:
    surprises: dict[str, str] = {}
    seen: set[grpc.StatusCode] = set()
    async with core_on(database) as (core, use_cases):
        admin = await person(use_cases, "root@example.com", Role.ADMIN)
        requests = {method: request() for method, request in OTHERS.items()}
        requests |= {method: about(NOBODY) for method, about in ABOUT_A_USER.items()}
        for method, request in requests.items():
            stub: Any = core.channel.unary_unary(f"/pandora.user.v1.{method}")
            for case, changed in hostile(request):
                code = grpc.StatusCode.OK
                try:
                    await stub(changed.SerializeToString(), metadata=admin.credentials)
                except grpc.aio.AioRpcError as error:
                    code = error.code()
                seen.add(code)
                if code not in FORESEEN:
                    surprises[f"{method} {case}"] = code.name

    assert surprises == {}
    assert seen == FORESEEN - {grpc.StatusCode.FAILED_PRECONDITION}
