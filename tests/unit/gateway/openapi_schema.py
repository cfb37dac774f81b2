"""The document as tests look at it, and a validator that reads its patterns as ECMA-262."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

from gateway import documentation
from gateway.contract import HttpBinding, Rpc, load_services, rpcs_of

Json = Any


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, with the binding that it describes where it is one of an RPC."""

    path: str
    method: str
    described: Json
    rpc: Rpc
    binding: HttpBinding

    @property
    def name(self) -> str:
        name: str = self.described["operationId"]
        return name


@functools.cache
def document() -> Json:
    """The document of the contract."""
    return json.loads(documentation.describe(load_services()))


def operations() -> Iterator[Operation]:
    """Every operation of an RPC."""
    for rpc in rpcs_of(load_services()):
        for binding in rpc.bindings:
            described = document()["paths"][binding.template][binding.method.lower()]
            yield Operation(
                path=binding.template,
                method=binding.method,
                described=described,
                rpc=rpc,
                binding=binding,
            )


def is_valid(schema: Json, value: Json, root: Json = None) -> bool:
    """Whether a value is valid by a schema of the document, or of a root of its own."""
    components = (document() if root is None else root).get("components", {})
    return bool(_VALIDATOR({**schema, "components": components}).is_valid(value))


def resolve(reference: Json) -> Json:
    """What a reference leads to, or the thing itself."""
    while "$ref" in reference:
        found = document()
        for part in reference["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        reference = found
    return reference


def _pattern(
    _validator: object, pattern: str, value: object, _schema: object
) -> Iterator[ValidationError]:
    """`$` is the end of the text in ECMA-262, and not the place before a last line feed."""
    ecma = re.sub(r"(?<!\\)\$$", r"\\Z", pattern)
    if isinstance(value, str) and not re.search(ecma, value):
        yield ValidationError("does not match")


_VALIDATOR: Final = functools.partial(
    validators.extend(Draft202012Validator, {"pattern": _pattern}),
    format_checker=FormatChecker(),
)
