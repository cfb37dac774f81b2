"""How long the world may keep the public keys: as long as the contract tells it to."""

from typing import Any, Final

from pandora.options.v1 import access_pb2
from pandora.user.v1 import auth_service_pb2


def _max_age_seconds() -> int:
    service = auth_service_pb2.DESCRIPTOR.services_by_name["AuthService"]
    # Generated code and type stubs disagree on the extension's class.
    access: Any = access_pb2.access
    rule: access_pb2.AccessRule = service.methods_by_name["GetJwks"].GetOptions().Extensions[access]
    return rule.public_max_age_seconds


JWKS_MAX_AGE_SECONDS: Final = _max_age_seconds()
"""`public_max_age_seconds` of GetJwks, which the gateway writes into `Cache-Control`.

A new signing key is published for longer than this before it signs.
"""
