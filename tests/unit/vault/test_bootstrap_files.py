"""The file that lets a process in is for that process alone."""

import os
from pathlib import Path

import pytest

from core.vault.bootstrap_files import read_role_id, read_secret_id
from core.vault.errors import BootstrapFileRefused


def written(folder: Path, mode: int, content: bytes = b"an-id\n") -> Path:
    file = folder / "secret_id"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read_without_white_space_around_it(tmp_path: Path, mode: int) -> None:
    assert read_secret_id(written(tmp_path, mode)) == "an-id"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o660, 0o602, 0o610, 0o700 | 0o077])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path, mode)
    with pytest.raises(BootstrapFileRefused) as refusal:
        read_secret_id(file)
    assert str(refusal.value) == f"{file} has mode {mode:04o}; it must not be wider than 0600"
    assert "an-id" not in str(refusal.value)


def test_a_role_id_is_no_secret(tmp_path: Path) -> None:
    assert read_role_id(written(tmp_path, 0o644)) == "an-id"


def test_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    """Kubernetes mounts secrets as links."""
    link = tmp_path / "link"
    link.symlink_to(written(tmp_path, 0o600))
    assert read_secret_id(link) == "an-id"
    (tmp_path / "secret_id").chmod(0o644)
    with pytest.raises(BootstrapFileRefused, match="mode 0644"):
        read_secret_id(link)


def test_a_file_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, 0o600)
    owner = file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        assert read_secret_id(file) == "an-id"
        os.chown(file, 4711, -1)
    with pytest.raises(BootstrapFileRefused, match="belongs to neither"):
        read_secret_id(file)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe", "does not hold an id")],
)
def test_a_file_without_an_id_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    with pytest.raises(BootstrapFileRefused, match=complaint):
        read_secret_id(written(tmp_path, 0o600, content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BootstrapFileRefused) as refusal:
        read_secret_id(tmp_path / "none")
    assert str(refusal.value) == f"{tmp_path / 'none'} cannot be read: No such file or directory"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BootstrapFileRefused, match="Is a directory"):
        read_secret_id(tmp_path)


def test_a_device_is_no_file() -> None:
    with pytest.raises(BootstrapFileRefused, match="is not a regular file"):
        read_secret_id(Path("/dev/null"))
