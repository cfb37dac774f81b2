from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallerRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALLER_ROLE_UNSPECIFIED: _ClassVar[CallerRole]
    CALLER_ROLE_USER: _ClassVar[CallerRole]
    CALLER_ROLE_SUPPORT: _ClassVar[CallerRole]
    CALLER_ROLE_COMPLIANCE: _ClassVar[CallerRole]
    CALLER_ROLE_ADMIN: _ClassVar[CallerRole]
    CALLER_ROLE_SERVICE: _ClassVar[CallerRole]

class RateClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RATE_CLASS_UNSPECIFIED: _ClassVar[RateClass]
    RATE_CLASS_LOGIN: _ClassVar[RateClass]
    RATE_CLASS_REGISTRATION: _ClassVar[RateClass]
    RATE_CLASS_RECOVERY: _ClassVar[RateClass]
    RATE_CLASS_TOKEN: _ClassVar[RateClass]
    RATE_CLASS_READ: _ClassVar[RateClass]
    RATE_CLASS_WRITE: _ClassVar[RateClass]
    RATE_CLASS_BULK: _ClassVar[RateClass]

class IdempotencyKeys(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IDEMPOTENCY_KEYS_UNSPECIFIED: _ClassVar[IdempotencyKeys]
    IDEMPOTENCY_KEYS_ACCEPTED: _ClassVar[IdempotencyKeys]
    IDEMPOTENCY_KEYS_REFUSED: _ClassVar[IdempotencyKeys]
CALLER_ROLE_UNSPECIFIED: CallerRole
CALLER_ROLE_USER: CallerRole
CALLER_ROLE_SUPPORT: CallerRole
CALLER_ROLE_COMPLIANCE: CallerRole
CALLER_ROLE_ADMIN: CallerRole
CALLER_ROLE_SERVICE: CallerRole
RATE_CLASS_UNSPECIFIED: RateClass
RATE_CLASS_LOGIN: RateClass
RATE_CLASS_REGISTRATION: RateClass
RATE_CLASS_RECOVERY: RateClass
RATE_CLASS_TOKEN: RateClass
RATE_CLASS_READ: RateClass
RATE_CLASS_WRITE: RateClass
RATE_CLASS_BULK: RateClass
IDEMPOTENCY_KEYS_UNSPECIFIED: IdempotencyKeys
IDEMPOTENCY_KEYS_ACCEPTED: IdempotencyKeys
IDEMPOTENCY_KEYS_REFUSED: IdempotencyKeys
ACCESS_FIELD_NUMBER: _ClassVar[int]
access: _descriptor.FieldDescriptor

class AccessRule(_message.Message):
    __slots__ = ("anyone", "roles", "self", "never_self", "success_status", "public_max_age_seconds", "recent_authentication", "rate_class", "time_limit_seconds", "idempotency_keys")
    ANYONE_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    SELF_FIELD_NUMBER: _ClassVar[int]
    NEVER_SELF_FIELD_NUMBER: _ClassVar[int]
    SUCCESS_STATUS_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_MAX_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RECENT_AUTHENTICATION_FIELD_NUMBER: _ClassVar[int]
    RATE_CLASS_FIELD_NUMBER: _ClassVar[int]
    TIME_LIMIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEYS_FIELD_NUMBER: _ClassVar[int]
    anyone: bool
    roles: _containers.RepeatedScalarFieldContainer[CallerRole]
    self: bool
    never_self: bool
    success_status: int
    public_max_age_seconds: int
    recent_authentication: bool
    rate_class: RateClass
    time_limit_seconds: int
    idempotency_keys: IdempotencyKeys
    def __init__(self_, anyone: _Optional[bool] = ..., roles: _Optional[_Iterable[_Union[CallerRole, str]]] = ..., self: _Optional[bool] = ..., never_self: _Optional[bool] = ..., success_status: _Optional[int] = ..., public_max_age_seconds: _Optional[int] = ..., recent_authentication: _Optional[bool] = ..., rate_class: _Optional[_Union[RateClass, str]] = ..., time_limit_seconds: _Optional[int] = ..., idempotency_keys: _Optional[_Union[IdempotencyKeys, str]] = ...) -> None: ...
