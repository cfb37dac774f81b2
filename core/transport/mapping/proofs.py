"""Proofs of the second factor."""

from core.domain.mfa import Proof, RecoveryCode, TotpCode
from pandora.user.v1 import auth_service_pb2, mfa_service_pb2


def to_proof(
    request: auth_service_pb2.CompleteMfaRequest | mfa_service_pb2.DisableTotpRequest,
) -> Proof:
    """Translate the proof of a request; that there is one is a rule of the contract."""
    if request.WhichOneof("proof") == "recovery_code":
        return RecoveryCode(request.recovery_code)
    return TotpCode(request.totp_code)
