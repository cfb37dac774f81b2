"""The files that let a process in: an AppRole's two halves, or a service account's token."""

import os
import stat
from pathlib import Path

from core.vault.errors import BootstrapFileRefused

_MAX_BYTES = 4096
_MAX_TOKEN_BYTES = 16_384


def read_role_id(file: Path) -> str:
    """Return the role id, which is a name and not a secret.

    Raises:
        BootstrapFileRefused: it cannot be read, or is empty.
    """
    return _read(file, private=False)


def read_secret_id(file: Path) -> str:
    """Return the secret id.

    Raises:
        BootstrapFileRefused: it cannot be read, is empty, belongs to somebody else, or others
            than its owner can read or write it (wider than mode 0600).
    """
    return _read(file, private=True)


def read_service_account_token(file: Path) -> str:
    """Return the token that Kubernetes keeps fresh in a file of the pod.

    Its mode is what Kubernetes gives it: nobody else is in the pod.

    Raises:
        BootstrapFileRefused: it cannot be read, or is empty.
    """
    return _read(file, private=False, max_bytes=_MAX_TOKEN_BYTES)


def _read(file: Path, *, private: bool, max_bytes: int = _MAX_BYTES) -> str:
    try:
        # Opened once, so that what is checked is what is read.
        with file.open("rb") as stream:
            if private:
                _check_owner(file, os.fstat(stream.fileno()))
            text = stream.read(max_bytes).decode("ascii").strip()
    except OSError as error:
        raise BootstrapFileRefused(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise BootstrapFileRefused(f"{file} does not hold an id") from None
    if not text:
        raise BootstrapFileRefused(f"{file} is empty")
    return text


def _check_owner(file: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise BootstrapFileRefused(f"{file} is not a regular file")
    if facts.st_uid not in {0, os.geteuid()}:
        raise BootstrapFileRefused(f"{file} belongs to neither this process's user nor root")
    mode = stat.S_IMODE(facts.st_mode)
    if mode & 0o077:
        raise BootstrapFileRefused(f"{file} has mode {mode:04o}; it must not be wider than 0600")
