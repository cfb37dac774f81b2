"""TLS on both sides of the gateway: towards clients, and towards the core."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc

from gateway.certificates import (
    CertificateError,
    Loaded,
    Reloading,
    certificates,
    check_pair,
    content,
)
from gateway.config import Settings
from gateway.observability.logging import Log

CIPHER_SUITES: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305"
)
"""What is spoken of TLS 1.2, the core's choice as well (RFC 9325 section 4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTlsFiles:
    """Who vouches for the core, and the gateway's own certificate, where the core wants one."""

    ca: Path
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTls:
    """What a channel to the core is opened with (PEM)."""

    ca: bytes
    certificate: bytes | None
    key: bytes | None = field(repr=False)

    def credentials(self) -> grpc.ChannelCredentials:
        """Make what gRPC wants of it."""
        return grpc.ssl_channel_credentials(self.ca, self.key, self.certificate)


FOLLOWING_SECONDS: Final = 5.0
"""How often it is looked whether the certificates towards the core have changed."""


def https(
    settings: Settings, log: Log
) -> tuple[ssl.SSLContext | None, Reloading[ssl.SSLContext] | None]:
    """Make what clients are served with; None where the settings name no certificate."""
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return None, None
    return server_context(settings.tls_certificate_file, settings.tls_key_file, log)


def towards_core(settings: Settings, log: Log) -> Reloading[CoreTls] | None:
    """Read what the core is spoken to with; None where the settings name no authority."""
    if settings.core_ca_file is None:
        return None
    files = CoreTlsFiles(
        ca=settings.core_ca_file,
        certificate=settings.core_certificate_file,
        key=settings.core_key_file,
    )
    return core_tls(files, log)


def server_context(
    certificate: Path, key: Path, log: Log | None = None
) -> tuple[ssl.SSLContext, Reloading[ssl.SSLContext]]:
    """Make the context of an HTTPS server, and what keeps its certificate fresh.

    The files are looked at in each handshake, and the newest certificate is shown; connections
    that exist keep theirs. Raises CertificateError.
    """
    source = Reloading((certificate, key), lambda: _load_context(certificate, key), log)
    context = source.newest().value

    def choose(shaken: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _: ssl.SSLContext) -> None:
        newest = source.newest().value
        if shaken.context is not newest:
            shaken.context = newest

    context.sni_callback = choose  # called where no name is said as well
    return context, source


def core_tls(files: CoreTlsFiles, log: Log | None = None) -> Reloading[CoreTls]:
    """Read what channels to the core are opened with. Raises CertificateError."""
    every = [file for file in (files.ca, files.certificate, files.key) if file is not None]
    return Reloading(every, _core_loader(files), log)


def _load_context(certificate: Path, key: Path) -> Loaded[ssl.SSLContext]:
    expires_at = check_pair(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHER_SUITES)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise CertificateError(f"{certificate} and {key} changed while they were read") from None
    return Loaded(context, expires_at)


def _core_loader(files: CoreTlsFiles) -> Callable[[], Loaded[CoreTls]]:
    def load() -> Loaded[CoreTls]:
        ca = content(files.ca)
        expires_at = min(each.not_valid_after_utc for each in certificates(ca, files.ca))
        if files.certificate is None or files.key is None:
            return Loaded(CoreTls(ca=ca, certificate=None, key=None), expires_at)
        expires_at = check_pair(files.certificate, files.key)
        own = CoreTls(ca=ca, certificate=content(files.certificate), key=content(files.key))
        return Loaded(own, expires_at)

    return load
