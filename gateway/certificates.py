"""Certificates in files: read, checked, and read anew when they change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.observability.logging import Log

T = TypeVar("T")

Stamp = tuple[tuple[int, int, int] | None, ...]


class CertificateError(Exception):
    """A file cannot be used; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """What files were made into, and when the first certificate in it runs out."""

    value: T
    expires_at: datetime


class Reloading(Generic[T]):
    """The newest of what some files hold. What cannot be used is told of once, and changes nothing.

    Not for several threads: it belongs to the event loop.
    """

    def __init__(
        self, files: Sequence[Path], load: Callable[[], Loaded[T]], log: Log | None = None
    ) -> None:
        """Load the files. Raises CertificateError: there is no older value to keep."""
        self._files = files
        self._load = load
        self._log = log
        self._stamp = self._refused = _stamps(files)
        self._current = load()
        self.failures = 0
        """How often changed files could not be used."""

    def newest(self) -> Loaded[T]:
        """Look whether a file has changed, and return what is now to be used."""
        stamp = _stamps(self._files)
        if stamp == self._stamp:
            return self._current
        try:
            loaded = self._load()
        except CertificateError as error:
            # Tried again the next time: it may only have been too early.
            if stamp != self._refused:
                self._refused = stamp
                self.failures += 1
                if self._log is not None:
                    self._log.error("certificate refused", problem=str(error))
            return self._current
        # Taken before the files were read: what is written meanwhile differs from it.
        self._stamp = self._refused = stamp
        self._current = loaded
        if self._log is not None:
            self._log.info("certificate loaded", expires_at=loaded.expires_at.isoformat())
        return loaded


def content(file: Path) -> bytes:
    """Read a file. Raises CertificateError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise CertificateError(f"{file} cannot be read: {error.strerror}") from None


def certificates(text: bytes, file: Path) -> list[x509.Certificate]:
    """Read certificates, at least one. Raises CertificateError."""
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError:
        raise CertificateError(f"{file} holds no certificate that can be read") from None


def check_pair(certificate: Path, key: Path) -> datetime:
    """Check that a chain is valid now and fits the key; return when it runs out.

    Raises CertificateError.
    """
    chain = certificates(content(certificate), certificate)
    try:
        private_key = load_pem_private_key(content(key), password=None)
        fits = chain[0].public_key() == private_key.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateError(f"{key} holds no private key that can be read") from None
    if not fits:
        raise CertificateError(f"{key} is not the key of {certificate}")
    expires_at = min(each.not_valid_after_utc for each in chain)
    if not max(each.not_valid_before_utc for each in chain) <= datetime.now(UTC) < expires_at:
        raise CertificateError(f"{certificate} is out of date, or not valid yet")
    return expires_at


def _stamps(files: Sequence[Path]) -> Stamp:
    return tuple(map(_stamp, files))


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
