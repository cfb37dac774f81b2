from buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from pandora.options.v1 import access_pb2 as _access_pb2
from pandora.user.v1 import kyc_pb2 as _kyc_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetKycRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class GetKycResponse(_message.Message):
    __slots__ = ("kyc", "history")
    KYC_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    kyc: _kyc_pb2.Kyc
    history: _containers.RepeatedCompositeFieldContainer[_kyc_pb2.KycReview]
    def __init__(self, kyc: _Optional[_Union[_kyc_pb2.Kyc, _Mapping]] = ..., history: _Optional[_Iterable[_Union[_kyc_pb2.KycReview, _Mapping]]] = ...) -> None: ...

class UpdateKycRequest(_message.Message):
    __slots__ = ("user_id", "status", "reason")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    status: _kyc_pb2.KycStatus
    reason: str
    def __init__(self, user_id: _Optional[str] = ..., status: _Optional[_Union[_kyc_pb2.KycStatus, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class UpdateKycResponse(_message.Message):
    __slots__ = ("kyc",)
    KYC_FIELD_NUMBER: _ClassVar[int]
    kyc: _kyc_pb2.Kyc
    def __init__(self, kyc: _Optional[_Union[_kyc_pb2.Kyc, _Mapping]] = ...) -> None: ...

class SubmitKycRequest(_message.Message):
    __slots__ = ("user_id",)
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    def __init__(self, user_id: _Optional[str] = ...) -> None: ...

class SubmitKycResponse(_message.Message):
    __slots__ = ("kyc",)
    KYC_FIELD_NUMBER: _ClassVar[int]
    kyc: _kyc_pb2.Kyc
    def __init__(self, kyc: _Optional[_Union[_kyc_pb2.Kyc, _Mapping]] = ...) -> None: ...

class ListKycReviewsRequest(_message.Message):
    __slots__ = ("status", "page_size", "page_token")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    status: _kyc_pb2.KycStatus
    page_size: int
    page_token: str
    def __init__(self, status: _Optional[_Union[_kyc_pb2.KycStatus, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListKycReviewsResponse(_message.Message):
    __slots__ = ("reviews", "next_page_token")
    REVIEWS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    reviews: _containers.RepeatedCompositeFieldContainer[_kyc_pb2.KycReview]
    next_page_token: str
    def __init__(self, reviews: _Optional[_Iterable[_Union[_kyc_pb2.KycReview, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
