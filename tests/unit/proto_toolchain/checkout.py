"""What the tests of the tool chain do to a copy of the protos."""

import subprocess
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).parents[3]
USER = "proto/pandora/user/v1/user.proto"
AUDIT_SERVICE = "proto/pandora/user/v1/audit_service.proto"


class Step(Protocol):
    """Runs one step, on the test's sources unless told otherwise.

    Returns its exit status and everything that it printed.
    """

    def __call__(self, name: str, root: Path | None = None) -> tuple[int, str]: ...


def git(repository: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    command = ["git", *identity, "-c", "commit.gpgsign=false", *arguments]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)


def commit(repository: Path, message: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--allow-empty", "--message", message)


def edit(repository: Path, name: str, old: str, new: str) -> None:
    path = repository / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def rename_a_field(repository: Path) -> None:
    edit(repository, USER, "optional string full_name = 3;", "optional string name = 3;")


def add_a_field(repository: Path) -> None:
    last = "  optional google.protobuf.Timestamp deleted_at = 11;\n"
    edit(repository, USER, last, f"{last}  // Spoken language.\n  optional string language = 12;\n")


def make_an_rpc_stream(repository: Path) -> None:
    answer = "(ListAuditEventsResponse) {"
    edit(repository, AUDIT_SERVICE, f"returns {answer}", f"returns (stream {answer[1:]}")
