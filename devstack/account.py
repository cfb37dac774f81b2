"""The OS account that PostgreSQL runs as, since it refuses to run as root."""

import os
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devstack.errors import AccountError

NAME: Final = "pandora-postgres"
_PATIENCE_SECONDS: Final = 10.0
# To change the user itself, subprocess would fork; a fork runs the handlers of every library that
# this process has loaded, and gRPC's crash a child that has not become the program yet. Without a
# user it takes vfork, which runs none.
_BECOME: Final = (
    "import os, sys; uid, gid, *command = sys.argv[1:]; os.setgroups([]); os.setgid(int(gid)); "
    "os.setuid(int(uid)); os.execv(command[0], command)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An OS user and its primary group."""

    uid: int
    gid: int

    def reaches(self, *conditions: str) -> bool:
        """Tell whether test(1), run as this user, finds every condition true ("-r /a/file")."""
        script = " && ".join('test "${1%% *}" "${1#* }" && shift' for _ in conditions)
        outcome = subprocess.run(
            self.command("/bin/sh", "-c", script, "sh", *conditions),
            cwd="/",
            check=False,
            capture_output=True,
        )
        return outcome.returncode == 0

    def command(self, *argv: str) -> Sequence[str]:
        """Return what root calls to run a program (by its whole path) as this user."""
        return (sys.executable, "-ISc", _BECOME, str(self.uid), str(self.gid), *argv)

    def own(self, folder: Path) -> None:
        """Make `folder` if need be and give it to this user alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def for_postgres() -> Account | None:
    """Return the account to run PostgreSQL as, made if need be; None: as oneself, not root.

    Raises:
        AccountError: The account does not exist and useradd could not make it.
    """
    if os.geteuid() != 0:
        return None
    return _existing() or _created()


def _existing() -> Account | None:
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _created() -> Account:
    program = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        raise AccountError(
            f"PostgreSQL does not run as root and there is no useradd to make the user {NAME}; "
            "make that user, or run this as an ordinary user"
        )
    command = [
        program,
        "--system",
        "--user-group",
        "--no-create-home",
        "--home-dir",
        "/nonexistent",
    ]
    outcome = subprocess.run(
        [*command, "--shell", "/usr/sbin/nologin", NAME],
        check=False,
        capture_output=True,
        text=True,
    )
    deadline = time.monotonic() + _PATIENCE_SECONDS
    # A failure may only mean that another process is making the same account right now.
    while (account := _existing()) is None:
        if outcome.returncode == 0 or time.monotonic() > deadline:
            raise AccountError(f"useradd could not make the user {NAME}: {outcome.stderr.strip()}")
        time.sleep(0.1)
    return account
