"""The settings that make core and gateway speak TLS, and client ends for who asks them."""

from typing import Final

import grpc

from devstack.certificates import GATEWAY_CLIENT, SERVICE_CLIENT, Certificates

_SERVICE_NAME: Final = "wallet"


def core_settings(certificates: Certificates | None) -> dict[str, str]:
    """Return what `python -m core` needs to speak TLS in every direction, and to ask for it."""
    if certificates is None:
        return {}
    own, authority = certificates.of("core"), str(certificates.authority)
    return {
        "PANDORA_CORE__TLS_CERTIFICATE_FILE": str(own.certificate),
        "PANDORA_CORE__TLS_KEY_FILE": str(own.key),
        "PANDORA_CORE__TLS_CLIENT_CA_FILE": authority,
        # Whom the gateway forwards for is believed of its certificate, and of no address.
        "PANDORA_CORE__TRUSTED_PEERS": str(GATEWAY_CLIENT.uri),
        "PANDORA_SERVICES__IDENTITIES": f"{SERVICE_CLIENT.uri} {_SERVICE_NAME}",
        "PANDORA_POSTGRES__SSLMODE": "verify-full",
        "PANDORA_POSTGRES__CA_FILE": authority,
        "PANDORA_REDIS__TLS": "true",
        "PANDORA_REDIS__CA_FILE": authority,
        "PANDORA_VAULT__CA_FILE": authority,
    }


def gateway_settings(certificates: Certificates | None) -> dict[str, str]:
    """Return what `python -m gateway` needs to serve HTTPS and to call the core by mTLS."""
    if certificates is None:
        return {}
    own, client = certificates.of("gateway"), certificates.of(GATEWAY_CLIENT.name)
    return {
        "PANDORA_GATEWAY__TLS_CERTIFICATE_FILE": str(own.certificate),
        "PANDORA_GATEWAY__TLS_KEY_FILE": str(own.key),
        "PANDORA_GATEWAY__CORE_CA_FILE": str(certificates.authority),
        "PANDORA_GATEWAY__CORE_CERTIFICATE_FILE": str(client.certificate),
        "PANDORA_GATEWAY__CORE_KEY_FILE": str(client.key),
    }


def channel_credentials(
    certificates: Certificates, caller: str = GATEWAY_CLIENT.name
) -> grpc.ChannelCredentials:
    """Return what a gRPC client presents to the core as `caller`."""
    files = certificates.of(caller)
    return grpc.ssl_channel_credentials(
        certificates.authority.read_bytes(),
        files.key.read_bytes(),
        files.certificate.read_bytes(),
    )
