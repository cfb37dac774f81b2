"""Lays out the root of an image from nothing: Python and what it needs, nothing that builds.

Runs inside a Dockerfile's build stage, in whatever base image that has, with the standard library
alone: `python3 image_root.py --site FOLDER --app FOLDER --root FOLDER`. The result has no shell, no
package manager and no compiler. Which Debian packages the copied libraries come from is written
where scanners look for it (`/var/lib/dpkg/status.d`, as distroless images do).
"""

import argparse
import compileall
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

HOME: Final = Path("srv/pandora")
"""Where the program lies in the image."""
USER_ID: Final = 65_532
"""Numeric, so that an orchestrator can see that it is not root's."""

_UNUSED_MODULES: Final = (
    *("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo", "venv"),
    *("distutils", "unittest", "turtle.py", "pydoc.py", "doctest.py", "antigravity.py"),
    # Doors to libraries that nothing asks for, and whose gaps somebody would have to close.
    *("curses", "dbm", "sqlite3", "xmlrpc"),
    *("_dbm.*", "_gdbm.*", "_sqlite3.*", "_curses*", "readline.*", "nis.*", "_test*", "_xxtest*"),
    *("_codecs_cn.*", "_codecs_hk.*", "_codecs_iso2022.*", "_codecs_jp.*", "_codecs_kr.*"),
    *("_codecs_tw.*", "_crypt.*", "ossaudiodev.*", "_tkinter.*"),
    *("site-packages", "dist-packages", "__pycache__", "__phello__"),
)
_UNUSED_FILES: Final = ("*.pyi", "*.pyx", "*.pxd", "*.c", "*.h", "*.a", "*.exe")
_UNUSED_FOLDERS: Final = (
    *("bin", "include", "share", "certifi/tests", "*/testing", "*/tests"),
    *(f"sqlalchemy/dialects/{name}" for name in ("mssql", "mysql", "oracle", "sqlite")),
)
_DYNAMICALLY_LOADED: Final = ("libgcc_s.so.1",)  # by libc, when a thread is cancelled
_LIBRARY: Final = re.compile(r"(?:=>\s+|^\s+)(/\S+)\s+\(0x", re.MULTILINE)
_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_ACCOUNTS: Final = {
    "etc/passwd": f"root:x:0:0:root:/:/none\npandora:x:{USER_ID}:{USER_ID}:pandora:/:/none\n",
    "etc/group": f"root:x:0:\npandora:x:{USER_ID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_OWN_FOLDERS: Final = ("run/pandora", "var/lib/pandora/audit")
"""Where the program may write, when a volume is mounted there."""


def main() -> None:
    """Lay everything out."""
    parser = argparse.ArgumentParser()
    for name in ("site", "app", "root"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    given = parser.parse_args()
    root: Path = given.root.resolve()
    _link_top_folders(root)
    python = _copy_python(root)
    _prune(given.site)
    shutil.copytree(given.site, root / HOME / "site")
    shutil.copytree(given.app, root / HOME, dirs_exist_ok=True)
    _strip(root)
    libraries = _copy_libraries(root)
    _write_accounts(root)
    _record_packages(root, {*libraries, *python})
    _compile(root)


def _link_top_folders(root: Path) -> None:
    """Repeat the base's links like /lib → usr/lib, by which programs name their loader."""
    (root / "usr/lib").mkdir(parents=True)
    for name in ("lib", "lib64", "bin"):
        link = Path("/", name)
        if link.is_symlink():
            (root / name).symlink_to(link.readlink())
            (root / link.readlink()).mkdir(parents=True, exist_ok=True)


def _copy_python(root: Path) -> list[Path]:
    """Copy the interpreter and its library; return what tells the packages that they are from."""
    program = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}").resolve()
    _copy(program, root)
    library = Path(sysconfig.get_path("stdlib", vars={"base": sys.base_prefix}))
    config = f"config-3.{sys.version_info.minor}*"
    shutil.copytree(
        library, _within(root, library), ignore=shutil.ignore_patterns(*_UNUSED_MODULES, config)
    )
    common = root / "usr/bin/python3"
    if not common.exists():
        common.parent.mkdir(parents=True, exist_ok=True)
        common.symlink_to(program)
    return [program, library / "os.py", library / "asyncio/base_events.py"]


def _copy(source: Path, root: Path) -> None:
    target = _within(root, source)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _within(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


def _prune(site: Path) -> None:
    for pattern in _UNUSED_FOLDERS:
        for folder in site.glob(pattern):
            shutil.rmtree(folder)
    for pattern in _UNUSED_FILES:
        for file in site.rglob(pattern):
            file.unlink()


def _programs(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == b"\x7fELF":
                    yield path


def _strip(root: Path) -> None:
    """Remove what only a debugger reads: a quarter of the packages' size."""
    for path in _programs(root):
        subprocess.run(["strip", "--strip-unneeded", path], check=True)  # noqa: S607


def _copy_libraries(root: Path) -> set[Path]:
    """Copy every shared library of the base that a program in the image is linked to."""
    found: set[Path] = set()
    for program in list(_programs(root)):
        # A wheel's own libraries lie beside it; `ldd` resolves them inside of the image's root.
        answer = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)  # noqa: S607
        if "not found" in answer.stdout:
            raise SystemExit(
                f"{program} needs a library that the base does not have:\n{answer.stdout}"
            )
        found |= {Path(name) for name in _LIBRARY.findall(answer.stdout)}
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    for name in _DYNAMICALLY_LOADED:
        found |= {Path(p) for p in re.findall(rf"{re.escape(name)} .*=> (\S+)", cache.stdout)[:1]}
    outside = {path for path in found if not path.is_relative_to(root)}
    for library in outside:
        target = _within(root, library.parent.resolve() / library.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(library.resolve(), target)
    _copy(Path("/etc/ld.so.cache"), root)
    return outside


def _write_accounts(root: Path) -> None:
    _copy(_CERTIFICATES, root)
    for name, text in _ACCOUNTS.items():
        (root / name).write_text(text)
    for name in _OWN_FOLDERS:
        (root / name).mkdir(parents=True)
        shutil.chown(root / name, USER_ID, USER_ID)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def _record_packages(root: Path, copied: Iterable[Path]) -> None:
    """Say for scanners, and for licences, which packages of the base the files are from."""
    names = set()
    for path in (*copied, _CERTIFICATES):
        for place in {path, path.resolve(), Path("/usr", path.resolve().relative_to("/"))}:
            answer = subprocess.run(
                ["dpkg-query", "--search", place],  # noqa: S607
                capture_output=True,
                text=True,
                check=False,
            )
            names |= {line.partition(": ")[0] for line in answer.stdout.splitlines()}
    folder = root / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True)
    for name in sorted(names | {"ca-certificates"}):
        status = subprocess.run(
            ["dpkg-query", "--status", name],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        plain = name.partition(":")[0]
        (folder / plain).write_text(status.stdout)
        copyright_file = Path("/usr/share/doc", plain, "copyright")
        if copyright_file.exists():
            _copy(copyright_file, root)


def _compile(root: Path) -> None:
    """Compile all sources: a file system that is read only takes no caches later on."""
    if not compileall.compile_dir(
        root,
        quiet=1,
        workers=0,
        stripdir=str(root),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    ):
        raise SystemExit("there are sources that do not compile")


if __name__ == "__main__":
    main()
