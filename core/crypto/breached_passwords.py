"""An operator's list of breached passwords, followed as the operator replaces it."""

import hashlib
import threading
from pathlib import Path

import structlog

from core.crypto.digest_file import DigestFile, DigestFileRefused, Version, version_of
from core.domain.password import normalise

_log = structlog.get_logger(__name__)


class BreachedPasswords:
    """Looks passwords up in a file of digests; blocks while it reads, so it is called in a thread.

    At every look-up it sees whether another file lies there by now. One that cannot be used is
    logged, once, and the last good one serves on for as long as it is left alone itself.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            DigestFileRefused: it cannot be used.
        """
        self._path = path
        self._lock = threading.Lock()
        self._file = DigestFile(path)
        self._seen: Version | None = self._file.version

    def hold(self, password: str) -> bool:
        """Tell whether a password is in the file, as it was typed or in its normal form.

        A file that turns out to be damaged is logged, and holds nothing: the other checks stay,
        and nobody is kept from choosing a password by an operator's mishap.
        """
        file = self._newest()
        try:
            return any(file.holds(_digest(each)) for each in {password, normalise(password)})
        except DigestFileRefused as refusal:
            _log.error("breached_digests_damaged", problem=str(refusal))
            return False

    def _newest(self) -> DigestFile:
        with self._lock:
            version = self._present()
            if version != self._seen:
                self._seen = version
                self._reopen()
            return self._file

    def _present(self) -> Version | None:
        try:
            return version_of(self._path.stat())
        except OSError:
            return None

    def _reopen(self) -> None:
        try:
            self._file = DigestFile(self._path)
        except DigestFileRefused as refusal:
            _log.error("breached_digests_not_replaced", problem=str(refusal))
        else:
            _log.info("breached_digests_replaced")


def _digest(password: str) -> str:
    data = password.encode("utf-8", "surrogatepass")
    return hashlib.sha1(data, usedforsecurity=False).hexdigest().upper()
