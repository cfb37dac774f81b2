"""Removes a temporary stack when the process that wanted it is gone, however it went.

Runs as a process of its own, `python -m devstack.guard ROOT`, and waits for the end of its
standard input, whose other end only the wanting process holds.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import devstack
from devstack.errors import NotReadyError, StateDirectoryError

_CLEANUP_PATIENCE_SECONDS: Final = 90


class Guard:
    """A new temporary root together with the process that will remove it."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pandora-"))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "devstack.guard", str(self.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=Path(devstack.__file__).parent.parent,
            # Ctrl-C at the terminal must not reach it: it has to outlive this process.
            start_new_session=True,
        )

    def release(self) -> None:
        """Stop every server under the root, delete it, and return when that is done.

        Raises:
            NotReadyError: The guard failed; with what it said.
        """
        said, _ = self._process.communicate(timeout=_CLEANUP_PATIENCE_SECONDS)
        if self._process.returncode != 0:
            text = said.decode(errors="replace").strip()
            raise NotReadyError(name="the guard", reason="failed", log_end=text)


def _remove(root: Path) -> None:
    # Loaded late: most test runs end without having started any server.
    from devstack.process import Daemon  # noqa: PLC0415
    from devstack.stack import SERVERS, Stack  # noqa: PLC0415
    from devstack.tls_terminator import TERMINATORS  # noqa: PLC0415

    for record in (root / "run").glob("*.json"):
        if (
            record.stem not in SERVERS | TERMINATORS
        ):  # the service's processes end before what they depend on
            Daemon(record.stem, root).stop()
    try:
        Stack.open(root).remove()
    except StateDirectoryError:
        shutil.rmtree(root)


if __name__ == "__main__":
    sys.stdin.read()
    _remove(Path(sys.argv[1]))
