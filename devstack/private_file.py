"""Files that hold secrets: readable by their owner alone, and never half-written."""

import os
import secrets
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put `text` into `path` (mode 0600), replacing it in one step; makes the folder (0700)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def new_password() -> str:
    """Return 192 random bits in characters that need no quoting in a shell, a URL or a file."""
    # token_urlsafe may begin with a dash, which a command line would take for an option.
    return f"p{secrets.token_urlsafe(24)}"


def kept_password(path: Path) -> str:
    """Return the password in `path`, made at the first call and the same ever after."""
    if not path.exists():
        write_private(path, new_password())
    return path.read_text()
