"""Builds of argon2-cffi-bindings made without a compiler: the wheel's own, and altered copies."""

import ctypes
import importlib
import struct
from pathlib import Path
from typing import Final

from core.crypto.argon2_builds import EXTENSION

_WHEEL: Final = str(importlib.import_module("_argon2_cffi_bindings._ffi").__file__)
_FIRST_WORD: Final = struct.pack("<Q", 0x6A09E667F3BCC908)
"""The first word of BLAKE2b's initial state, in its table."""
_CODE_BYTES: Final = 48


def put(folder: Path, name: str, extension: bytes) -> Path:
    """Lay an extension module out as a build; return its file."""
    file = folder / name / EXTENSION
    for each in (folder, file.parent):
        each.mkdir(exist_ok=True)
        each.chmod(0o755)
    file.write_bytes(extension)
    file.chmod(0o755)
    return file


def honest() -> bytes:
    """Return the wheel's extension module."""
    return Path(_WHEEL).read_bytes()


def lying() -> bytes:
    """Return one that computes other hashes, and knows them again."""
    altered = honest().replace(_FIRST_WORD, struct.pack("<Q", 0x6A09E667F3BCC909))
    assert altered != honest()
    return altered


def crashing() -> bytes:
    """Return one whose first instruction no processor knows."""
    entry = ctypes.cast(ctypes.CDLL(_WHEEL).PyInit__ffi, ctypes.c_void_p).value
    assert entry is not None
    code = ctypes.string_at(entry, _CODE_BYTES)
    assert honest().count(code) == 1
    # UD2, and where that means nothing, what AArch64 calls permanently undefined.
    return honest().replace(code, b"\x0f\x0b\x00\x00" + bytes(_CODE_BYTES - 4))
