"""A PostgreSQL cluster's files: made by initdb, and tidied up after a crash."""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from devstack.account import Account
from devstack.errors import NotReadyError
from devstack.private_file import write_private
from devstack.process_table import working_in

SUPERUSER: Final = "postgres"
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_ORPHANS_PATIENCE_SECONDS: Final = 10.0
_ORPHANS_POLL_SECONDS: Final = 0.05


def cluster(home: Path) -> Path:
    """Return the data directory below a server's home."""
    return home / "data"


def socket_folder(home: Path) -> Path:
    """Return the folder of the Unix socket below a server's home."""
    return home / "socket"


def initialise(home: Path, programs: Path, account: Account | None, *, password: str) -> None:
    """Make an empty cluster, in which the superuser has `password` and trust is no method.

    Raises:
        NotReadyError: initdb failed; with what it said.
    """
    # Under its final name only when it is complete: a start can be interrupted.
    draft = home / "data.draft"
    if draft.exists():
        shutil.rmtree(draft)
    for folder in (home, draft, socket_folder(home)):
        if account is None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            account.own(folder)
    password_file = home / "initial-password"
    write_private(password_file, password)
    if account is not None:
        shutil.chown(password_file, account.uid, account.gid)
    argv = (
        str(programs / "initdb"),
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth-host=scram-sha-256",
        "--auth-local=scram-sha-256",
        "--encoding=UTF8",
        # The machine's locales differ; this one is part of PostgreSQL itself.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    )
    try:
        outcome = subprocess.run(
            account.command(*argv) if account else argv,
            cwd=home,
            env=ENVIRONMENT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    finally:
        password_file.unlink()
    if outcome.returncode != 0:
        raise NotReadyError(name="initdb", reason="failed", log_end=outcome.stdout.strip())
    draft.rename(cluster(home))


def clear_after_crash(home: Path) -> None:
    """Remove the lock files of a dead server once none of its processes is left.

    PostgreSQL itself takes the dead server for a living one until its parent has reaped it, and
    in a container the parent may never do so.

    Raises:
        NotReadyError: A process still uses the data; two servers at once would destroy it.
    """
    locks = [cluster(home) / "postmaster.pid", *socket_folder(home).glob(".s.PGSQL.*.lock")]
    if not any(lock.exists() for lock in locks):
        return
    deadline = time.monotonic() + _ORPHANS_PATIENCE_SECONDS
    while left := working_in(cluster(home)):
        if time.monotonic() > deadline:
            reason = f"cannot start: processes {left} still use {cluster(home)}"
            raise NotReadyError(name="postgres", reason=reason, log_end="")
        time.sleep(_ORPHANS_POLL_SECONDS)
    for lock in locks:
        lock.unlink(missing_ok=True)
