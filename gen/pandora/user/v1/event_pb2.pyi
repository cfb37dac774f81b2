from buf.validate import validate_pb2 as _validate_pb2
from pandora.user.v1 import kyc_pb2 as _kyc_pb2
from pandora.user.v1 import user_pb2 as _user_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionRevocationCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_REVOCATION_CAUSE_UNSPECIFIED: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_LOGOUT: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_REVOKED: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_REFRESH_TOKEN_REUSED: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_USER_SUSPENDED: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_USER_DELETED: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_PASSWORD_CHANGED: _ClassVar[SessionRevocationCause]
    SESSION_REVOCATION_CAUSE_PASSWORD_RESET: _ClassVar[SessionRevocationCause]
SESSION_REVOCATION_CAUSE_UNSPECIFIED: SessionRevocationCause
SESSION_REVOCATION_CAUSE_LOGOUT: SessionRevocationCause
SESSION_REVOCATION_CAUSE_REVOKED: SessionRevocationCause
SESSION_REVOCATION_CAUSE_REFRESH_TOKEN_REUSED: SessionRevocationCause
SESSION_REVOCATION_CAUSE_USER_SUSPENDED: SessionRevocationCause
SESSION_REVOCATION_CAUSE_USER_DELETED: SessionRevocationCause
SESSION_REVOCATION_CAUSE_PASSWORD_CHANGED: SessionRevocationCause
SESSION_REVOCATION_CAUSE_PASSWORD_RESET: SessionRevocationCause

class UserCreated(_message.Message):
    __slots__ = ("user_id", "role", "kyc_status")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    KYC_STATUS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    role: _user_pb2.Role
    kyc_status: _kyc_pb2.KycStatus
    def __init__(self, user_id: _Optional[str] = ..., role: _Optional[_Union[_user_pb2.Role, str]] = ..., kyc_status: _Optional[_Union[_kyc_pb2.KycStatus, str]] = ...) -> None: ...

class UserUpdated(_message.Message):
    __slots__ = ("user_id", "changed_fields")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    changed_fields: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_id: _Optional[str] = ..., changed_fields: _Optional[_Iterable[str]] = ...) -> None: ...

class UserDeleted(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class UserRestored(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class UserRoleChanged(_message.Message):
    __slots__ = ("user_id", "previous_role", "role")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ROLE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    previous_role: _user_pb2.Role
    role: _user_pb2.Role
    def __init__(self, user_id: _Optional[str] = ..., previous_role: _Optional[_Union[_user_pb2.Role, str]] = ..., role: _Optional[_Union[_user_pb2.Role, str]] = ...) -> None: ...

class UserSuspended(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class UserReactivated(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class UserKycUpdated(_message.Message):
    __slots__ = ("user_id", "previous_status", "status", "reason", "reviewer_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    previous_status: _kyc_pb2.KycStatus
    status: _kyc_pb2.KycStatus
    reason: str
    reviewer_id: str
    def __init__(self, user_id: _Optional[str] = ..., previous_status: _Optional[_Union[_kyc_pb2.KycStatus, str]] = ..., status: _Optional[_Union[_kyc_pb2.KycStatus, str]] = ..., reason: _Optional[str] = ..., reviewer_id: _Optional[str] = ...) -> None: ...

class SessionCreated(_message.Message):
    __slots__ = ("user_id", "session_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    session_id: str
    def __init__(self, user_id: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class SessionRevoked(_message.Message):
    __slots__ = ("user_id", "session_id", "cause")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    session_id: str
    cause: SessionRevocationCause
    def __init__(self, user_id: _Optional[str] = ..., session_id: _Optional[str] = ..., cause: _Optional[_Union[SessionRevocationCause, str]] = ...) -> None: ...

class RefreshTokenReused(_message.Message):
    __slots__ = ("user_id", "session_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    session_id: str
    def __init__(self, user_id: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class UserEmailVerified(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class UserPasswordChanged(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class LoginThrottled(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class NewDevice(_message.Message):
    __slots__ = ("user_id", "session_id", "new_country")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    session_id: str
    new_country: bool
    def __init__(self, user_id: _Optional[str] = ..., session_id: _Optional[str] = ..., new_country: _Optional[bool] = ...) -> None: ...

class MfaEnabled(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class MfaDisabled(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class KycReviewCompleted(_message.Message):
    __slots__ = ("user_id", "status", "reason", "reviewer_id")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REVIEWER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    status: _kyc_pb2.KycStatus
    reason: str
    reviewer_id: str
    def __init__(self, user_id: _Optional[str] = ..., status: _Optional[_Union[_kyc_pb2.KycStatus, str]] = ..., reason: _Optional[str] = ..., reviewer_id: _Optional[str] = ...) -> None: ...
