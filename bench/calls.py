"""The two calls that are measured: what HTTP asks, what gRPC asks for it, and what both answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from pandora.user.v1 import auth_service_pb2, kyc_pb2, user_pb2, user_service_pb2

_ID: Final = "019a3c5e-7d20-7b41-8c11-2f6d0a9b4e57"
_SESSION: Final = "019a3c60-11f4-7a02-9d3e-6b1c55e0a7d8"
_TIME: Final = Timestamp(seconds=1_769_846_400, nanos=123_456_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call through the REST door; `token` is the caller's, for the core that asks for it."""

    name: str
    method: str
    path: str
    body: Mapping[str, str] | None
    token: str
    rpc: str
    """The path of the RPC."""
    request: Message

    @property
    def body_text(self) -> str:
        """The body as it is sent; empty for none."""
        return "" if self.body is None else json.dumps(self.body)


def calls(*, user_token: str, service_token: str) -> tuple[Call, ...]:
    """Return both calls: a user reads the own account, a service asks about the user's token."""
    return (
        Call(
            name="GET /v1/users/me",
            method="GET",
            path="/v1/users/me",
            body=None,
            token=user_token,
            rpc="/pandora.user.v1.UserService/GetUser",
            request=user_service_pb2.GetUserRequest(user_id="me"),
        ),
        Call(
            name="POST /v1/auth/introspect",
            method="POST",
            path="/v1/auth/introspect",
            body={"token": user_token},
            token=service_token,
            rpc="/pandora.user.v1.AuthService/IntrospectToken",
            request=auth_service_pb2.IntrospectTokenRequest(token=user_token),
        ),
    )


def answers() -> dict[str, Message]:
    """What the core that does nothing answers, by the path of the RPC."""
    user = user_pb2.User(
        id=_ID,
        email="ada@example.com",
        full_name="Ada Lovelace",
        role=user_pb2.ROLE_USER,
        status=user_pb2.USER_STATUS_ACTIVE,
        kyc_status=kyc_pb2.KYC_STATUS_VERIFIED,
        email_verified=True,
        created_at=_TIME,
        updated_at=_TIME,
    )
    return {
        "/pandora.user.v1.UserService/GetUser": user_service_pb2.GetUserResponse(user=user),
        "/pandora.user.v1.AuthService/IntrospectToken": auth_service_pb2.IntrospectTokenResponse(
            active=True,
            user_id=_ID,
            session_id=_SESSION,
            role=user_pb2.ROLE_USER,
            kyc_status=kyc_pb2.KYC_STATUS_VERIFIED,
            issued_at=_TIME,
            expires_at=_TIME,
        ),
    }
