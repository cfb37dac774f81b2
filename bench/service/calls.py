"""The calls that are measured, for people and a running service."""

import json
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Final

import grpc

from bench.floors.answers import GET_USER, INTROSPECT
from bench.loads.h2load import GrpcCall
from bench.loads.wrk import RestRequest
from bench.service.people import People
from pandora.user.v1 import auth_service_pb2, user_service_pb2

CALLERS: Final = 8
"""Programs that call at the same time over gRPC, each for another person."""
_TIMEOUT_SECONDS: Final = 30.0
_CLIENTS: Final = ip_network("198.18.0.0/15")
"""Addresses for measurements (RFC 2544)."""


def logins(people: People) -> list[RestRequest]:
    """Return a login of each address."""
    return logins_of(people.emails, people.password)


def logins_of(emails: Sequence[str], password: str) -> list[RestRequest]:
    """Return logins with one password, each from an address of its own.

    From one address only a few are judged at once, and those of a market do not come from one.
    """
    return [
        RestRequest(
            method="POST",
            path="/v1/auth/login",
            body=json.dumps({"email": email, "password": password}),
            client=str(_CLIENTS[number % _CLIENTS.num_addresses]),
        )
        for number, email in enumerate(emails)
    ]


def own_accounts(people: People) -> list[RestRequest]:
    """Return a read of the own account by each member."""
    return [
        RestRequest(method="GET", path="/v1/users/me", token=member.access_token)
        for member in people.members
    ]


def get_user(address: str, people: People, *, callers: int = CALLERS) -> list[GrpcCall]:
    """Return reads of the own account over gRPC."""
    message = user_service_pb2.GetUserRequest(user_id="me").SerializeToString()
    return [
        _known(address, GET_USER, message, member.access_token)
        for member in people.members[:callers]
    ]


def introspect(address: str, people: People, *, callers: int = CALLERS) -> list[GrpcCall]:
    """Return questions of a platform service about members' tokens."""
    return [
        _known(
            address,
            INTROSPECT,
            auth_service_pb2.IntrospectTokenRequest(token=member.access_token).SerializeToString(),
            people.service_token,
        )
        for member in people.members[:callers]
    ]


def _known(address: str, path: str, message: bytes, token: str) -> GrpcCall:
    """Make the call once, to know how long its answer is. Raises grpc.RpcError."""
    metadata = (("authorization", f"Bearer {token}"),)
    with grpc.insecure_channel(address, [("grpc.enable_http_proxy", 0)]) as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(path)
        answer = call(message, metadata=metadata, timeout=_TIMEOUT_SECONDS)
    return GrpcCall(
        address=address, path=path, message=message, token=token, answer_bytes=len(answer)
    )


def fixed(address: str, path: str, answer_bytes: int) -> Sequence[GrpcCall]:
    """Return calls of a core that reads nothing."""
    return [
        GrpcCall(address=address, path=path, message=b"\x0a\x02me", answer_bytes=answer_bytes)
    ] * CALLERS
