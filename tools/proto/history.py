"""Finds the commit whose contract must not be broken, and takes its protos out of git."""

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tools.proto.commands import ToolError, run

_MAIN_REFS = ("refs/remotes/origin/main", "refs/heads/main")


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A commit to compare with.

    `commit` is its hash, or None when there is none; `reason` says in a few words why it is that
    one, for the line that the check prints.
    """

    commit: str | None
    reason: str


def find_base(root: Path) -> Base:
    """Return the merge base of HEAD and main or, on main itself, the commit before.

    On main, protos that are not committed yet are compared with HEAD: it is their parent to be.
    Raises ToolError when git refuses, or when a clone without history cannot fetch it: to pass
    then would be to pass without having looked.
    """
    if not (root / ".git").exists():
        return Base(commit=None, reason="this is no git checkout")
    head = _resolve(root, "HEAD")
    if head is None:
        return Base(commit=None, reason="nothing is committed yet")
    _complete_history(root)
    mains = [ref for ref in _MAIN_REFS if _resolve(root, ref)]
    on_main = _git(root, "symbolic-ref", "--quiet", "HEAD", accepted=(0, 1)) == "refs/heads/main"
    if mains and not on_main:
        fork = _git(root, "merge-base", "HEAD", *mains, accepted=(0, 1))
        if not fork:
            raise ToolError("HEAD and main have no commit in common")
        if fork != head:
            return Base(commit=fork, reason="the merge base with main")
    if _git(root, "status", "--porcelain", "--", "proto"):
        return Base(commit=head, reason="HEAD, since proto/ has changes that are not committed")
    parent = _resolve(root, "HEAD^")
    if parent is None:
        return Base(commit=None, reason="HEAD is the first commit")
    return Base(commit=parent, reason="the commit before HEAD")


def extract_protos(root: Path, commit: str, target: Path) -> bool:
    """Write the proto/ folder of `commit` into `target`; return False when it has none."""
    if not _git(root, "ls-tree", "-r", "--name-only", commit, "--", "proto"):
        return False
    archive = run(["git", "archive", "--format=tar", commit, "--", "proto"], cwd=root).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        # One by one: Python has had extraction filters only since 3.11.4, and git's paths are tame.
        for member in tar:
            if (content := tar.extractfile(member)) is not None:
                file = target / member.name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content.read())
    return True


def _complete_history(root: Path) -> None:
    """Fetch what a build machine's narrow clone may leave out: the commits before, and main."""
    shallow = _git(root, "rev-parse", "--is-shallow-repository") == "true"
    has_main = any(_resolve(root, ref) for ref in _MAIN_REFS)
    has_origin = "origin" in _git(root, "remote").split()
    if not shallow and (has_main or not has_origin):
        return
    depth = ["--unshallow"] if shallow else []
    main = "+refs/heads/main:refs/remotes/origin/main"
    try:
        _git(root, "fetch", "--quiet", *depth, "origin", main)
    except ToolError as error:
        raise ToolError(
            "this clone lacks the history to compare with, and it could not be fetched; "
            f"clone with full history (fetch-depth: 0)\n{error}"
        ) from error


def _resolve(root: Path, name: str) -> str | None:
    commit = _git(root, "rev-parse", "--verify", "--quiet", name + "^{commit}", accepted=(0, 1))
    return commit or None


def _git(root: Path, *arguments: str, accepted: tuple[int, ...] = (0,)) -> str:
    return run(["git", *arguments], cwd=root, accepted=accepted).stdout.decode().strip()
