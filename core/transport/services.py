"""The services of the contract: their names, and how their servicers are built."""

from collections.abc import Callable, Sequence
from typing import Final

import grpc.aio
from google.protobuf.descriptor import ServiceDescriptor

from core.domain.access_token import PublicKey
from core.service.use_cases import UseCases
from core.transport.audit_servicer import AuditServicer
from core.transport.auth_servicer import AuthServicer
from core.transport.kyc_servicer import KycServicer
from core.transport.mfa_servicer import MfaServicer
from core.transport.session_servicer import SessionServicer
from core.transport.user_servicer import UserServicer
from pandora.user.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    auth_service_pb2,
    auth_service_pb2_grpc,
    kyc_service_pb2,
    kyc_service_pb2_grpc,
    mfa_service_pb2,
    mfa_service_pb2_grpc,
    session_service_pb2,
    session_service_pb2_grpc,
    user_service_pb2,
    user_service_pb2_grpc,
)

SERVICES: Final[Sequence[ServiceDescriptor]] = tuple(
    service
    for file in (
        auth_service_pb2,
        user_service_pb2,
        session_service_pb2,
        mfa_service_pb2,
        kyc_service_pb2,
        audit_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
)
"""Descriptors of every service that the core serves; health and reflection come on top."""


def add_servicers(
    server: grpc.aio.Server, use_cases: UseCases, public_keys: Callable[[], Sequence[PublicKey]]
) -> None:
    """Register a servicer for each of them."""
    auth_service_pb2_grpc.add_AuthServiceServicer_to_server(
        AuthServicer(use_cases, public_keys), server
    )
    user_service_pb2_grpc.add_UserServiceServicer_to_server(UserServicer(use_cases), server)
    session_service_pb2_grpc.add_SessionServiceServicer_to_server(
        SessionServicer(use_cases), server
    )
    mfa_service_pb2_grpc.add_MfaServiceServicer_to_server(MfaServicer(use_cases), server)
    kyc_service_pb2_grpc.add_KycServiceServicer_to_server(KycServicer(use_cases), server)
    audit_service_pb2_grpc.add_AuditServiceServicer_to_server(AuditServicer(use_cases), server)
