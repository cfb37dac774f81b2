"""The fixed answers of the core that does nothing: messages as the real one's are."""

from typing import Final

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from pandora.user.v1 import auth_service_pb2, kyc_pb2, user_pb2, user_service_pb2

GET_USER: Final = "/pandora.user.v1.UserService/GetUser"
INTROSPECT: Final = "/pandora.user.v1.AuthService/IntrospectToken"

_ID: Final = "019a3c5e-7d20-7b41-8c11-2f6d0a9b4e57"
_SESSION: Final = "019a3c60-11f4-7a02-9d3e-6b1c55e0a7d8"
_TIME: Final = Timestamp(seconds=1_769_846_400, nanos=123_456_000)


def answers() -> dict[str, Message]:
    """Return what the core that does nothing answers, by the path of the RPC."""
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
        GET_USER: user_service_pb2.GetUserResponse(user=user),
        INTROSPECT: auth_service_pb2.IntrospectTokenResponse(
            active=True,
            user_id=_ID,
            session_id=_SESSION,
            role=user_pb2.ROLE_USER,
            kyc_status=kyc_pb2.KYC_STATUS_VERIFIED,
            issued_at=_TIME,
            expires_at=_TIME,
        ),
    }
