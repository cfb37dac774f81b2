"""Accounts."""

from core.domain.user import User, UserFilter
from core.transport.mapping.enums import KYC_STATUSES, ROLES, USER_STATUSES
from core.transport.mapping.times import to_optional_timestamp, to_timestamp
from pandora.user.v1 import user_pb2, user_service_pb2


def to_user(user: User) -> user_pb2.User:
    """Translate an account."""
    return user_pb2.User(
        id=str(user.id),
        email=user.email,
        full_name=user.full_name,
        role=ROLES.to_wire(user.role),
        status=USER_STATUSES.to_wire(user.status),
        kyc_status=KYC_STATUSES.to_wire(user.kyc_status),
        email_verified=user.email_verified,
        mfa_enabled=user.mfa_enabled,
        created_at=to_timestamp(user.created_at),
        updated_at=to_timestamp(user.updated_at),
        deleted_at=to_optional_timestamp(user.deleted_at),
    )


def from_user_filter(request: user_service_pb2.ListUsersRequest) -> UserFilter:
    """Translate a filter; what the request leaves out does not narrow."""
    return UserFilter(
        query=request.query if request.HasField("query") else None,
        kyc_status=KYC_STATUSES.from_wire(request.kyc_status)
        if request.HasField("kyc_status")
        else None,
        role=ROLES.from_wire(request.role) if request.HasField("role") else None,
        status=USER_STATUSES.from_wire(request.status) if request.HasField("status") else None,
        show_deleted=request.show_deleted,
    )
